#include "planner/training/elastic/placed_plan.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "analyzer/core/error.h"

namespace sextant {

namespace {

/// Where machines go that the plan leaves to the launcher.
struct Fill {
  int node = 0;
  int used = 0;
};

/// Who holds which part of a layer, counted in parts of which every tensor degree is a multiple.
struct Holders {
  int cells = 1;              ///< the least common multiple of the degrees
  std::vector<int> of_cell;   ///< ranks that hold it
  std::vector<int> numbered;  ///< of these, how many have been given their share
};

class Placing {
 public:
  Placing(const Plan& plan, const Cluster& cluster) : plan_(plan), cluster_(cluster) {
    count_holders();
  }

  PlacedPlan placed() {
    PlacedPlan out{plan_, {}};
    for (Pipeline& pipeline : out.plan.pipelines) {
      for (Stage& stage : pipeline.stages) {
        for (Replica& replica : stage.replicas) place(stage, replica, out.nodes);
      }
    }
    return out;
  }

 private:
  void count_holders() {
    holders_.resize(static_cast<std::size_t>(plan_.layer_count));
    for_each_replica([](Holders& layer, int tp) { layer.cells = std::lcm(layer.cells, tp); });
    for (Holders& layer : holders_) {
      layer.of_cell.assign(static_cast<std::size_t>(layer.cells), 0);
      layer.numbered = layer.of_cell;
    }
    for_each_replica([](Holders& layer, int) {
      for (int& count : layer.of_cell) ++count;
    });
  }

  template <typename Action>
  void for_each_replica(const Action& action) {
    for (const Pipeline& pipeline : plan_.pipelines) {
      for (const Stage& stage : pipeline.stages) {
        for (const Replica& replica : stage.replicas) {
          for (const LayerRange& chunk : stage.chunks) {
            for (int l = chunk.first; l < chunk.end; ++l) {
              action(holders_[static_cast<std::size_t>(l)], replica.tp);
            }
          }
        }
      }
    }
  }

  void place(const Stage& stage, Replica& replica, std::map<NodeId, NodeState>& nodes) {
    int tp_rank = 0;
    for (Machine& machine : replica.machines) {
      const GpuPool* pool = cluster_.find(machine.gpu, machine.zone);
      if (pool != nullptr) machine.node = node_of(*pool, machine);
      const int room = pool != nullptr ? gpus_on_node(*pool, machine.node) : 0;
      NodeState& state = nodes[{machine.gpu, machine.zone, machine.node}];
      if (static_cast<int>(state.size()) + machine.count > room) {
        throw_bad_input(fmt::format("plan: uses {} GPUs of node {} of {} in zone {}, which has {}",
                                    static_cast<int>(state.size()) + machine.count, machine.node,
                                    quote(machine.gpu), quote(machine.zone), room));
      }
      for (int g = 0; g < machine.count; ++g) {
        state.push_back(gpu_state(stage, replica.tp, tp_rank++));
      }
    }
  }

  int node_of(const GpuPool& pool, const Machine& machine) {
    if (machine.node >= 0) return machine.node;
    Fill& fill = fills_[{machine.gpu, machine.zone}];
    if (fill.used + machine.count > pool.gpus_per_node) {
      ++fill.node;
      fill.used = 0;
    }
    fill.used += machine.count;
    return fill.node;
  }

  GpuState gpu_state(const Stage& stage, int tp, int tp_rank) {
    GpuState out{tp, {}};
    for (const LayerRange& chunk : stage.chunks) {
      for (int l = chunk.first; l < chunk.end; ++l) {
        const FractionSet whole(static_cast<double>(tp_rank) / tp,
                                static_cast<double>(tp_rank + 1) / tp);
        const FractionSet share = plan_.zero_stage > 0 ? zero_share(l, tp, tp_rank) : whole;
        out.parts[{l, false}] = plan_.zero_stage >= 3 ? share : whole;
        out.parts[{l, true}] = share;
      }
    }
    return out;
  }

  /// The rank's share of each cell that it holds, as one of those that hold it.
  FractionSet zero_share(int layer, int tp, int tp_rank) {
    Holders& holders = holders_[static_cast<std::size_t>(layer)];
    const int each = holders.cells / tp;
    FractionSet out;
    for (int c = tp_rank * each; c < (tp_rank + 1) * each; ++c) {
      const auto cell = static_cast<std::size_t>(c);
      const double width = 1.0 / holders.cells / holders.of_cell[cell];
      const double low = static_cast<double>(c) / holders.cells + width * holders.numbered[cell]++;
      out = out.united(FractionSet(low, low + width));
    }
    return out;
  }

  const Plan& plan_;
  const Cluster& cluster_;
  std::vector<Holders> holders_;  ///< by layer
  std::map<std::pair<std::string, std::string>, Fill> fills_;
};

}  // namespace

int gpus_on_node(const GpuPool& pool, int node) {
  return std::clamp(pool.count - node * pool.gpus_per_node, 0, pool.gpus_per_node);
}

PlacedPlan place_on_nodes(const Plan& plan, const Cluster& cluster) {
  return Placing(plan, cluster).placed();
}

Survivors survivors(const PlacedPlan& placed, const Cluster& cluster) {
  Survivors out;
  for (const auto& [id, state] : placed.nodes) {
    const GpuPool* pool = cluster.find(id.gpu, id.zone);
    const auto room = static_cast<std::size_t>(pool != nullptr ? gpus_on_node(*pool, id.node) : 0);
    NodeState left(state.begin(),
                   state.begin() + static_cast<std::ptrdiff_t>(std::min(room, state.size())));
    for (std::size_t g = left.size(); g < state.size(); ++g) {
      if (state[g].tp > 0) ++out.gpus_lost;
    }
    if (!left.empty()) out.nodes[id] = std::move(left);
  }
  return out;
}

}  // namespace sextant
