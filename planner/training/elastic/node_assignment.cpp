#include "planner/training/elastic/node_assignment.h"

#include <algorithm>
#include <tuple>

namespace sextant {

namespace {

/// Ranks of a role on the GPUs of a node.
struct Seating {
  double bytes = 0;
  std::vector<int> gpu_of_rank;
};

Seating seat(const StateSizes& sizes, const NodeState& role, const NodeState& node, int room) {
  std::vector<std::tuple<double, int, int>> pairs;  // most bytes first, then the same index
  for (int r = 0; r < static_cast<int>(role.size()); ++r) {
    for (int g = 0; g < room; ++g) {
      const auto index = static_cast<std::size_t>(g);
      const double bytes = index < node.size() ? sizes.bytes_in_common(
                                                     role[static_cast<std::size_t>(r)], node[index])
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
  PoolAssignment(const StateSizes& sizes, const GpuPool& pool,
                 std::vector<std::pair<int, const NodeState*>> roles,
                 const std::map<NodeId, NodeState>& held)
      : sizes_(sizes), pool_(pool), roles_(std::move(roles)) {
    for (int n = 0; n < pool.node_count(); ++n) {
      const auto found = held.find({pool.gpu, pool.zone, n});
      const NodeState* state = found == held.end() ? &nothing_ : &found->second;
      const std::size_t kind = node_kinds_.of(*state, gpus_on_node(pool, n));
      kinds_of_node_.push_back(kind);
      node_kinds_.members[kind].push_back(n);
    }
    for (std::size_t r = 0; r < roles_.size(); ++r) {
      const NodeState& role = *roles_[r].second;
      role_kinds_.members[role_kinds_.of(role, static_cast<int>(role.size()))].push_back(
          static_cast<int>(r));
    }
    done_.assign(roles_.size(), false);
    taken_.assign(kinds_of_node_.size(), false);
  }

  /// False where there is no room.
  bool assign(std::map<NodeId, NodeState>& out, std::map<NodeId, int>& node_of_role) {
    std::vector<Pair> pairs = pairs_of_kinds();
    std::sort(pairs.begin(), pairs.end(), [](const Pair& a, const Pair& b) {
      return std::tie(a.small, b.bytes, a.role, a.node) <
             std::tie(b.small, a.bytes, b.role, b.node);
    });
    for (std::size_t i = 0; i < pairs.size();) {
      std::size_t end = i;
      while (end < pairs.size() && pairs[end].small == pairs[i].small &&
             pairs[end].bytes == pairs[i].bytes) {
        ++end;
      }
      for (std::size_t p = i; p < end; ++p) stay(pairs[p], out, node_of_role);
      for (std::size_t p = i; p < end; ++p) go(pairs[p], out, node_of_role);
      i = end;
    }
    return std::all_of(done_.begin(), done_.end(), [](bool is) { return is; });
  }

 private:
  /// Nodes, or roles, that are alike.
  struct Kinds {
    std::map<std::pair<NodeState, int>, std::size_t> indices;
    std::vector<const NodeState*> states;
    std::vector<int> gpus;  ///< that a node has, or a role needs
    std::vector<std::vector<int>> members;

    std::size_t of(const NodeState& state, int gpu_count) {
      const auto [found, is_new] = indices.emplace(std::make_pair(state, gpu_count), states.size());
      if (is_new) {
        states.push_back(&found->first.first);
        gpus.push_back(gpu_count);
        members.emplace_back();
      }
      return found->second;
    }
  };
  /// A kind of role on a kind of node.
  struct Pair {
    bool small = false;  ///< the role fits on the last node
    double bytes = 0;    ///< in common
    std::size_t role = 0;
    std::size_t node = 0;
    Seating seating = {};
  };

  std::vector<Pair> pairs_of_kinds() const {
    std::vector<Pair> out;
    const int last_room = gpus_on_node(pool_, pool_.node_count() - 1);
    for (std::size_t r = 0; r < role_kinds_.states.size(); ++r) {
      const int need = role_kinds_.gpus[r];
      for (std::size_t n = 0; n < node_kinds_.states.size(); ++n) {
        if (need > node_kinds_.gpus[n]) continue;
        Seating seats =
            seat(sizes_, *role_kinds_.states[r], *node_kinds_.states[n], node_kinds_.gpus[n]);
        const double bytes = seats.bytes;
        out.push_back({need <= last_room, bytes, r, n, std::move(seats)});
      }
    }
    return out;
  }

  /// Roles on the nodes that the plan named.
  void stay(const Pair& pair, std::map<NodeId, NodeState>& out,
            std::map<NodeId, int>& node_of_role) {
    for (const int r : role_kinds_.members[pair.role]) {
      const int n = roles_[static_cast<std::size_t>(r)].first;
      if (n < pool_.node_count() && kinds_of_node_[static_cast<std::size_t>(n)] == pair.node) {
        take(pair, r, n, out, node_of_role);
      }
    }
  }

  /// Roles on any nodes.
  void go(const Pair& pair, std::map<NodeId, NodeState>& out, std::map<NodeId, int>& node_of_role) {
    auto node = node_kinds_.members[pair.node].begin();
    for (const int r : role_kinds_.members[pair.role]) {
      if (done_[static_cast<std::size_t>(r)]) continue;
      while (node != node_kinds_.members[pair.node].end() &&
             taken_[static_cast<std::size_t>(*node)]) {
        ++node;
      }
      if (node == node_kinds_.members[pair.node].end()) return;
      take(pair, r, *node, out, node_of_role);
    }
  }

  void take(const Pair& pair, int role, int node, std::map<NodeId, NodeState>& out,
            std::map<NodeId, int>& node_of_role) {
    const auto r = static_cast<std::size_t>(role);
    const auto n = static_cast<std::size_t>(node);
    if (done_[r] || taken_[n]) return;
    done_[r] = true;
    taken_[n] = true;
    const std::vector<int>& seats = pair.seating.gpu_of_rank;
    NodeState& state = out[{pool_.gpu, pool_.zone, node}];
    state.resize(static_cast<std::size_t>(*std::max_element(seats.begin(), seats.end()) + 1));
    for (std::size_t rank = 0; rank < seats.size(); ++rank) {
      state[static_cast<std::size_t>(seats[rank])] = (*roles_[r].second)[rank];
    }
    node_of_role[{pool_.gpu, pool_.zone, roles_[r].first}] = node;
  }

  const StateSizes& sizes_;
  const GpuPool& pool_;
  std::vector<std::pair<int, const NodeState*>> roles_;  ///< with the node that the plan named
  const NodeState nothing_;
  Kinds node_kinds_;
  Kinds role_kinds_;
  std::vector<std::size_t> kinds_of_node_;
  std::vector<bool> done_;   ///< by role
  std::vector<bool> taken_;  ///< by node
};

}  // namespace

std::optional<PlacedPlan> assign_nodes(const PlacedPlan& roles,
                                       const std::map<NodeId, NodeState>& held,
                                       const Cluster& cluster, const StateSizes& sizes) {
  PlacedPlan out{roles.plan, {}};
  std::map<std::pair<std::string, std::string>, std::vector<std::pair<int, const NodeState*>>>
      by_pool;
  for (const auto& [id, state] : roles.nodes) {
    by_pool[{id.gpu, id.zone}].emplace_back(id.node, &state);
  }
  std::map<NodeId, int> node_of_role;
  for (auto& [key, pool_roles] : by_pool) {
    const GpuPool* pool = cluster.find(key.first, key.second);
    if (pool == nullptr || pool->count == 0) return std::nullopt;
    PoolAssignment assignment(sizes, *pool, std::move(pool_roles), held);
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
