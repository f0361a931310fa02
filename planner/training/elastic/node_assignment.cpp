#include "planner/training/elastic/node_assignment.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "analyzer/training/sextant/layer_state.h"

namespace sextant {

namespace {

/// Bytes that `rank` needs and `gpu` has; whole ones, so that sums do not depend on their order.
double bytes_in_common(const TrainingProblem& problem, const GpuState& rank, const GpuState& gpu) {
  double sum = 0;
  for (const auto& [key, part] : rank.parts) {
    const auto held = gpu.parts.find(key);
    if (held == gpu.parts.end()) continue;
    sum += state_bytes(problem, rank.tp, key, part.common(held->second));
  }
  return std::round(sum);
}

/// Ranks of a role on the GPUs of a node.
struct Seating {
  double bytes = 0;
  std::vector<int> gpu_of_rank;
};

Seating seat(const TrainingProblem& problem, const NodeState& role, const NodeState& node,
             int room) {
  std::vector<std::tuple<double, int, int>> pairs;  // most bytes first, then the same index
  for (int r = 0; r < static_cast<int>(role.size()); ++r) {
    for (int g = 0; g < room; ++g) {
      const auto index = static_cast<std::size_t>(g);
      const double bytes =
          index < node.size()
              ? bytes_in_common(problem, role[static_cast<std::size_t>(r)], node[index])
              : 0;
      pairs.emplace_back(-bytes, r, g);
    }
  }
  std::sort(pairs.begin(), pairs.end(), [](const auto& a, const auto& b) {
    const auto rank_of = [](const auto& pair) {
      const auto& [bytes, r, g] = pair;
      return std::make_tuple(bytes, r != g, r, g);
    };
    return rank_of(a) < rank_of(b);
  });
  Seating out;
  out.gpu_of_rank.assign(role.size(), -1);
  std::vector<bool> taken(static_cast<std::size_t>(room), false);
  for (const auto& [bytes, r, g] : pairs) {
    if (out.gpu_of_rank[static_cast<std::size_t>(r)] >= 0 || taken[static_cast<std::size_t>(g)]) {
      continue;
    }
    out.gpu_of_rank[static_cast<std::size_t>(r)] = g;
    taken[static_cast<std::size_t>(g)] = true;
    out.bytes -= bytes;
  }
  return out;
}

/// Nodes of one pool.
class PoolAssignment {
 public:
  PoolAssignment(const TrainingProblem& problem, const GpuPool& pool,
                 std::vector<std::pair<int, const NodeState*>> roles,
                 const std::map<NodeId, NodeState>& held)
      : problem_(problem), pool_(pool), roles_(std::move(roles)) {
    for (int n = 0; n < pool.node_count(); ++n) {
      const auto found = held.find({pool.gpu, pool.zone, n});
      const int room = gpus_on_node(pool, n);
      const NodeState* state = found == held.end() ? &nothing_ : &found->second;
      kinds_of_node_.push_back(kind_of(node_kinds_, {*state, room}));
    }
    for (const auto& role : roles_) {
      kinds_of_role_.push_back(kind_of(role_kinds_, {*role.second, 0}));
    }
  }

  /// False where there is no room.
  bool assign(std::map<NodeId, NodeState>& out, std::map<NodeId, int>& node_of_role) {
    // Nodes and roles come in few kinds, so that few pairs need a look.
    std::vector<std::tuple<bool, double, bool, int, std::size_t>> pairs;
    const int last_room = gpus_on_node(pool_, pool_.node_count() - 1);
    for (std::size_t r = 0; r < roles_.size(); ++r) {
      const int need = static_cast<int>(roles_[r].second->size());
      for (int n = 0; n < pool_.node_count(); ++n) {
        if (need > gpus_on_node(pool_, n)) continue;
        pairs.emplace_back(need <= last_room, -seating(r, n).bytes, n != roles_[r].first, n, r);
      }
    }
    std::sort(pairs.begin(), pairs.end());
    std::vector<bool> done(roles_.size(), false);
    std::vector<bool> taken(static_cast<std::size_t>(pool_.node_count()), false);
    for (const auto& [small, bytes, elsewhere, n, r] : pairs) {
      if (done[r] || taken[static_cast<std::size_t>(n)]) continue;
      done[r] = true;
      taken[static_cast<std::size_t>(n)] = true;
      out[{pool_.gpu, pool_.zone, n}] = seated(r, n);
      node_of_role[{pool_.gpu, pool_.zone, roles_[r].first}] = n;
    }
    return std::all_of(done.begin(), done.end(), [](bool is) { return is; });
  }

 private:
  struct Kind {
    NodeState state;
    int room = 0;
    auto operator<=>(const Kind&) const = default;
  };
  static int kind_of(std::map<Kind, int>& kinds, Kind kind) {
    return kinds.emplace(std::move(kind), static_cast<int>(kinds.size())).first->second;
  }

  const Seating& seating(std::size_t role, int node) {
    const auto key =
        std::make_pair(kinds_of_role_[role], kinds_of_node_[static_cast<std::size_t>(node)]);
    const auto found = seatings_.find(key);
    if (found != seatings_.end()) return found->second;
    const NodeState* state = &nothing_;
    for (const auto& [kind, index] : node_kinds_) {
      if (index == key.second) state = &kind.state;
    }
    return seatings_
        .emplace(key, seat(problem_, *roles_[role].second, *state, gpus_on_node(pool_, node)))
        .first->second;
  }

  NodeState seated(std::size_t role, int node) {
    const Seating& seats = seating(role, node);
    NodeState out(static_cast<std::size_t>(
        *std::max_element(seats.gpu_of_rank.begin(), seats.gpu_of_rank.end()) + 1));
    for (std::size_t r = 0; r < seats.gpu_of_rank.size(); ++r) {
      out[static_cast<std::size_t>(seats.gpu_of_rank[r])] = (*roles_[role].second)[r];
    }
    return out;
  }

  const TrainingProblem& problem_;
  const GpuPool& pool_;
  std::vector<std::pair<int, const NodeState*>> roles_;  ///< with the node that the plan named
  const NodeState nothing_;
  std::map<Kind, int> node_kinds_;
  std::map<Kind, int> role_kinds_;
  std::vector<int> kinds_of_node_;
  std::vector<int> kinds_of_role_;
  std::map<std::pair<int, int>, Seating> seatings_;
};

}  // namespace

double state_bytes(const TrainingProblem& problem, int tp, const StateKey& key,
                   const FractionSet& part) {
  const double length = part.length();
  if (length == 0) return 0;
  const std::vector<LayerMemory>& memory = problem.profile.memory_at(tp);
  const LayerState state = layer_state(memory.at(static_cast<std::size_t>(key.layer)), problem.job);
  return (key.optimizer ? state.optimizer : state.weights) * tp * length;
}

std::optional<PlacedPlan> assign_nodes(const PlacedPlan& roles,
                                       const std::map<NodeId, NodeState>& held,
                                       const TrainingProblem& problem) {
  PlacedPlan out{roles.plan, {}};
  std::map<std::pair<std::string, std::string>, std::vector<std::pair<int, const NodeState*>>>
      by_pool;
  for (const auto& [id, state] : roles.nodes) {
    by_pool[{id.gpu, id.zone}].emplace_back(id.node, &state);
  }
  std::map<NodeId, int> node_of_role;
  for (auto& [key, pool_roles] : by_pool) {
    const GpuPool* pool = problem.cluster.find(key.first, key.second);
    if (pool == nullptr || pool->count == 0) return std::nullopt;
    PoolAssignment assignment(problem, *pool, std::move(pool_roles), held);
    if (!assignment.assign(out.nodes, node_of_role)) return std::nullopt;
  }
  for (Pipeline& pipeline : out.plan.pipelines) {
    for (Stage& stage : pipeline.stages) {
      for (Replica& replica : stage.replicas) {
        for (Machine& machine : replica.machines) {
          machine.node = node_of_role.at({machine.gpu, machine.zone, machine.node});
        }
      }
    }
  }
  return out;
}

}  // namespace sextant
