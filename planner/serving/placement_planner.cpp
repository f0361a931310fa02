#include "planner/serving/placement_planner.h"

namespace sextant {

PlacementProblem placement_problem(const ServingCluster& cluster, const ServingProfiles& profiles,
                                   bool partial_inference) {
  return {.cluster = &cluster,
          .profiles = &profiles,
          .throughput = typical_throughput(profiles, machines_of_type(cluster, profiles)),
          .partial_inference = partial_inference};
}

}  // namespace sextant
