#pragma once

#include <cstdint>
#include <vector>

#include "analyzer/cluster/cluster.h"
#include "analyzer/training/flashflex/model.h"
#include "planner/training/flashflex/graph_partition.h"

namespace sextant::flashflex {

struct Gpu {
  int type = 0;
  int machine = 0;
};

/// Every GPU of the pools, machine by machine; the last machine of a pool need not be full.
std::vector<Gpu> fleet_of(const std::vector<GpuPool>& pools);

/// GPUs by their numbers in the fleet, ascending.
using GpuSet = std::vector<int>;

/// Cuts a fleet into pipelines and those into groups, each time with METIS.
class Cutter {
 public:
  /// `model` and `fleet` must outlive it. `metis_seed` < 0 is METIS's own.
  Cutter(const Model& model, const std::vector<Gpu>& fleet, std::int64_t metis_seed);

  /// At most so many pipelines of about equal FLOP/s. Edges weigh what 10^10 bytes take in seconds,
  /// rounded, so that links inside machines weigh nothing: the cut goes through fast links.
  std::vector<GpuSet> pipelines(int count) const;
  /// At most so many groups of a pipeline's GPUs, which the cut through slow links leaves, in the
  /// order in which the pipeline passes them.
  std::vector<GpuSet> groups(const GpuSet& gpus, int count) const;

 private:
  double bytes_per_s(int a, int b) const;
  std::vector<std::int64_t> weights_of(const GpuSet& gpus) const;
  /// What two groups can exchange together, bytes/s.
  std::int64_t between(const GpuSet& from, const GpuSet& to) const;
  std::vector<int> order_of(const std::vector<GpuSet>& groups) const;

  const Model& model_;
  const std::vector<Gpu>& fleet_;
  std::int64_t metis_seed_;
  CompleteGraph by_time_;
};

}  // namespace sextant::flashflex
