#pragma once

#include <string_view>
#include <vector>

#include "analyzer/cluster/cluster.h"
#include "analyzer/plan/plan.h"

namespace sextant {

/// The GPUs of one replica of a stage, as its communication sees them.
struct PlacedReplica {
  std::string_view gpu;
  std::string_view zone;
  const GpuPool* pool = nullptr;
  int tp = 1;
  int gpus_on_node = 1;  ///< of its tp, on its first machine
  int node = 0;          ///< its first machine, counted over the cluster
  /// Replicas of the same stage on that node, which use its NICs at the same time.
  int neighbours = 1;
};

/// By pipeline, stage, replica. Machines whose node the plan leaves to the launcher are filled in
/// the order of ranks (rank_layout.h), pool by pool. Throws Error(kBadInput) naming pipeline, stage
/// and replica where the plan uses GPUs that the cluster lacks.
using Placement = std::vector<std::vector<std::vector<PlacedReplica>>>;
Placement place(const Plan& plan, const Cluster& cluster);

}  // namespace sextant
