#include "launch/emit/training/node_layout.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "analyzer/plan/rank_layout.h"

namespace sextant {

namespace {

/// GPUs taken of each node of a pool.
class PoolNodes {
 public:
  explicit PoolNodes(const GpuPool& pool) : pool_(pool) {}

  void reserve(const Machine& machine) { take(machine.node, machine.count); }

  /// The node of a machine, in the order of ranks.
  int node_of(const Machine& machine) {
    if (machine.node >= 0) return machine.node;
    if (machine.count > pool_.gpus_per_node) {
      throw_bad_input(fmt::format("plan: takes {} GPUs of one machine, a node of {} has {}",
                                  machine.count, name(), pool_.gpus_per_node));
    }
    while (taken_[next_] + machine.count > pool_.gpus_per_node) ++next_;
    take(next_, machine.count);
    return next_;
  }

 private:
  std::string name() const {
    return fmt::format("{} in zone {}", quote(pool_.gpu), quote(pool_.zone));
  }

  void take(int node, int count) {
    int& taken = taken_[node];
    taken += count;
    if (node >= pool_.node_count()) {
      throw_bad_input(fmt::format("plan: needs node {} of {}, which has {} nodes of {} GPUs", node,
                                  name(), pool_.node_count(), pool_.gpus_per_node));
    }
    if (taken > pool_.gpus_per_node) {
      throw_bad_input(fmt::format("plan: takes {} GPUs of node {} of {}, which has {}", taken, node,
                                  name(), pool_.gpus_per_node));
    }
  }

  const GpuPool& pool_;
  std::map<int, int> taken_;
  int next_ = 0;
};

using Nodes = std::map<std::pair<std::string, std::string>, PoolNodes>;

PoolNodes& nodes_of(Nodes& nodes, const Machine& machine) {
  const auto found = nodes.find({machine.gpu, machine.zone});
  if (found != nodes.end()) return found->second;
  throw_bad_input(fmt::format("plan: uses {} in zone {}, which the cluster does not have",
                              quote(machine.gpu), quote(machine.zone)));
}

/// Calls `use` for every machine of every replica, in the order of ranks.
template <typename Use>
void for_each_machine(const Plan& plan, const Use& use) {
  for (const Pipeline& pipeline : plan.pipelines) {
    for (const Stage& stage : pipeline.stages) {
      for (const Replica& replica : stage.replicas) {
        for (const Machine& machine : replica.machines) use(machine);
      }
    }
  }
}

bool same_machine(const LaunchNode& a, const LaunchNode& b) {
  return a.gpu == b.gpu && a.zone == b.zone && a.node == b.node;
}

/// "3", "3-5".
std::string range_text(int first, int last) {
  return first == last ? std::to_string(first) : fmt::format("{}-{}", first, last);
}

std::string layers_text(const Stage& stage) {
  std::vector<std::string> chunks;
  for (const LayerRange& chunk : stage.chunks) {
    chunks.push_back(range_text(chunk.first, chunk.end - 1));
  }
  return fmt::format("{}", fmt::join(chunks, ", "));
}

}  // namespace

std::vector<LaunchNode> node_layout(const Plan& plan, const std::vector<GpuPool>& pools) {
  Nodes nodes;
  for (const GpuPool& pool : pools) nodes.emplace(std::pair(pool.gpu, pool.zone), PoolNodes(pool));
  for (const GpuUse& use : gpus_used(plan)) {
    for (const GpuPool& pool : pools) {
      if (pool.gpu != use.gpu || pool.zone != use.zone || use.count <= pool.count) continue;
      throw_bad_input(fmt::format("plan: uses {} {} in zone {}, of which the cluster has {}",
                                  use.count, quote(use.gpu), quote(use.zone), pool.count));
    }
  }
  for_each_machine(plan, [&](const Machine& machine) {
    PoolNodes& of_pool = nodes_of(nodes, machine);
    if (machine.node >= 0) of_pool.reserve(machine);
  });
  std::vector<LaunchNode> out;
  int rank = 0;
  for_each_machine(plan, [&](const Machine& machine) {
    const LaunchNode next{machine.gpu, machine.zone, nodes_of(nodes, machine).node_of(machine),
                          rank, machine.count};
    if (!out.empty() && same_machine(out.back(), next)) {
      out.back().ranks += next.ranks;
    } else {
      out.push_back(next);
    }
    rank += machine.count;
  });
  return out;
}

std::string machine_name(const LaunchNode& node) {
  return fmt::format("{}@{}/{}", node.gpu, node.zone, node.node);
}

int first_gpu(const std::vector<LaunchNode>& nodes, std::size_t index) {
  int before = 0;
  for (std::size_t i = 0; i < index; ++i) {
    if (same_machine(nodes[i], nodes[index])) before += nodes[i].ranks;
  }
  return before;
}

std::string held_by(const LaunchNode& node, const Plan& plan) {
  const RankLayout layout(plan);
  std::vector<std::string> parts;
  const int end = node.first_rank + node.ranks;
  for (int rank = node.first_rank; rank < end;) {
    const RankPlace first = layout.place(rank);
    RankPlace last = first;
    for (; rank < end; ++rank) {
      const RankPlace& place = layout.place(rank);
      if (place.pipeline != first.pipeline || place.stage != first.stage) break;
      last = place;
    }
    const Stage& stage = plan.pipelines[static_cast<std::size_t>(first.pipeline)]
                             .stages[static_cast<std::size_t>(first.stage)];
    std::string part;
    if (plan.pipelines.size() > 1) part += fmt::format("pipeline {} ", first.pipeline);
    part += fmt::format("stage {} (layers {}): ", first.stage, layers_text(stage));
    part += fmt::format("replica{} {}", first.replica == last.replica ? "" : "s",
                        range_text(first.replica, last.replica));
    part += fmt::format(", TP{}", stage.replicas[static_cast<std::size_t>(first.replica)].tp);
    parts.push_back(std::move(part));
  }
  return fmt::format("{}", fmt::join(parts, "; "));
}

}  // namespace sextant
