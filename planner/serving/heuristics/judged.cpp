#include "planner/serving/heuristics/judged.h"

#include "analyzer/serving/flow/placement_flow.h"

namespace sextant {

PlacementResult judged_placement(const PlacementProblem& problem, Placement placement) {
  constexpr double kEqual = 1e-9;
  PlacementResult result;
  result.flow_tokens_per_s = placement_flow(*problem.cluster, *problem.profiles, problem.throughput,
                                            placement, problem.partial_inference);
  result.bound_tokens_per_s =
      tight_upper_bound(*problem.cluster, *problem.profiles, problem.throughput);
  result.proved = result.flow_tokens_per_s >= result.bound_tokens_per_s * (1 - kEqual);
  result.placement = std::move(placement);
  result.evaluations = 1;
  return result;
}

PlacementResult no_placement(const PlacementProblem& problem, std::string reason) {
  PlacementResult result;
  result.reason = std::move(reason);
  result.bound_tokens_per_s =
      tight_upper_bound(*problem.cluster, *problem.profiles, problem.throughput);
  return result;
}

}  // namespace sextant
