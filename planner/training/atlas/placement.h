#pragma once

#include <optional>
#include <vector>

#include "analyzer/cluster/cluster.h"

namespace sextant::atlas {

/// Replicas of one stage in one pool.
struct PoolShare {
  const GpuPool* pool = nullptr;
  int replicas = 0;
};
/// Those of a stage, in order.
using StagePlaces = std::vector<PoolShare>;

/// Where replicas of `tp` GPUs of one node go: regions with the most GPUs first, of each its zones
/// in the cluster's order. References the cluster.
class Site {
 public:
  /// The pools of the first GPU type that the cluster has.
  Site(const Cluster& cluster, int tp);

  /// Stages of `replicas` each, placed region by region: a region takes as many whole stages as its
  /// zones have room for, which are filled one after the other. Nothing where stages are left over.
  std::optional<std::vector<StagePlaces>> place(int stages, int replicas) const;
  /// Stages of `replicas` each that place() has room for.
  int room(int replicas) const;

 private:
  struct Region {
    std::vector<PoolShare> pools;  ///< with the replicas that each has room for
    int gpus = 0;
    int replicas = 0;
  };
  std::vector<Region> regions_;
};

}  // namespace sextant::atlas
