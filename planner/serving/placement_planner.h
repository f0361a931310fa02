#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "analyzer/serving/placement.h"

namespace sextant {

/// What placements are searched for. The referred to must outlive it.
struct PlacementProblem {
  const ServingCluster* cluster = nullptr;
  const ServingProfiles* profiles = nullptr;
  ThroughputTable throughput;  ///< typical_throughput of the cluster's machines
  /// Whether a machine may be entered in the middle of its layers.
  bool partial_inference = false;
};

PlacementProblem placement_problem(const ServingCluster& cluster, const ServingProfiles& profiles,
                                   bool partial_inference = false);

/// A placement and what is known of it.
struct PlacementResult {
  Placement placement;            ///< empty where there is none
  std::string reason;             ///< why there is none
  double flow_tokens_per_s = 0;   ///< placement_flow
  double bound_tokens_per_s = 0;  ///< no placement has more flow
  bool proved = false;            ///< flow is the bound's, to 1e-9
  bool complete = true;           ///< false: a limit ended the search
  std::int64_t evaluations = 0;
};

}  // namespace sextant
