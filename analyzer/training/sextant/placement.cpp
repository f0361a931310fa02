#include "analyzer/training/sextant/placement.h"

#include <map>

#include <fmt/format.h>

#include "analyzer/core/error.h"

namespace sextant {

namespace {

/// Fills the nodes of a pool one after the other.
class NodeFiller {
 public:
  NodeFiller(const Cluster& cluster) {
    int first = 0;
    for (const GpuPool& pool : cluster.pools) {
      pools_[&pool] = {first, 0, 0};
      first += pool.node_count();
    }
  }

  int node_of(const GpuPool& pool, const Machine& machine) {
    Fill& fill = pools_.at(&pool);
    if (machine.node >= 0) return fill.first_node + machine.node;
    if (fill.used + machine.count > pool.gpus_per_node) {
      ++fill.node;
      fill.used = 0;
    }
    fill.used += machine.count;
    return fill.first_node + fill.node;
  }

 private:
  struct Fill {
    int first_node = 0;
    int node = 0;
    int used = 0;
  };
  std::map<const GpuPool*, Fill> pools_;
};

/// A plan may not use more than there is.
void check_counts(const Plan& plan, const Cluster& cluster) {
  for (const GpuUse& use : gpus_used(plan)) {
    const GpuPool* pool = cluster.find(use.gpu, use.zone);
    if (pool != nullptr && use.count > pool->count) {
      throw_bad_input(fmt::format("plan: uses {} {} in zone {}, of which cluster {} has {}",
                                  use.count, quote(use.gpu), quote(use.zone), quote(cluster.name),
                                  pool->count));
    }
  }
}

}  // namespace

Placement place(const Plan& plan, const Cluster& cluster) {
  check_counts(plan, cluster);
  NodeFiller nodes(cluster);
  Placement out;
  for (std::size_t p = 0; p < plan.pipelines.size(); ++p) {
    auto& pipeline = out.emplace_back();
    for (std::size_t s = 0; s < plan.pipelines[p].stages.size(); ++s) {
      auto& stage = pipeline.emplace_back();
      std::map<int, int> on_node;
      for (std::size_t r = 0; r < plan.pipelines[p].stages[s].replicas.size(); ++r) {
        const Replica& replica = plan.pipelines[p].stages[s].replicas[r];
        PlacedReplica& placed = stage.emplace_back();
        placed.tp = replica.tp;
        for (const Machine& machine : replica.machines) {
          const GpuPool* pool = cluster.find(machine.gpu, machine.zone);
          if (pool == nullptr) {
            throw_bad_input(fmt::format(
                "plan: /pipelines/{}/stages/{}/replicas/{} uses {} in zone {}, which cluster {} "
                "does not have",
                p, s, r, quote(machine.gpu), quote(machine.zone), quote(cluster.name)));
          }
          const int node = nodes.node_of(*pool, machine);
          if (&machine != &replica.machines.front()) continue;
          placed.gpu = pool->gpu;
          placed.zone = pool->zone;
          placed.pool = pool;
          placed.gpus_on_node = machine.count;
          placed.node = node;
          ++on_node[node];
        }
      }
      for (PlacedReplica& placed : stage) placed.neighbours = on_node[placed.node];
    }
  }
  return out;
}

}  // namespace sextant
