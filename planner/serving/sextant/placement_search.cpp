#include "planner/serving/sextant/placement_search.h"

#include <numeric>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/serving/flow/placement_flow.h"
#include "planner/serving/sextant/flow_search.h"
#include "planner/serving/sextant/served_search.h"

namespace sextant {
namespace {

constexpr double kProved = 1e-9;

void check(const PlacementProblem& problem, const PlacementSearchOptions& options) {
  const auto refuse = [](std::string_view what) {
    throw Error(ErrorCode::kUsage, fmt::format("placement search: {}", what));
  };
  if (!(options.effort > 0)) refuse(fmt::format("expected effort > 0, found {}", options.effort));
  if (!(options.time_limit_s > 0)) {
    refuse(fmt::format("expected a time limit > 0, found {} s", options.time_limit_s));
  }
  if (!(options.offered_tokens_per_s >= 0)) {
    refuse(fmt::format("expected offered tokens/s >= 0, found {}", options.offered_tokens_per_s));
  }
  if (options.objective == PlacementObjective::kServed && options.lengths.empty()) {
    refuse("expected lengths of requests for objective served, found none");
  }
  if (options.objective == PlacementObjective::kServed &&
      problem.cluster->machines.size() > kMostServedMachines) {
    refuse(fmt::format("expected at most {} machines for objective served, found {}: take flow",
                       kMostServedMachines, problem.cluster->machines.size()));
  }
}

}  // namespace

PlacementResult search_placement(const PlacementProblem& problem,
                                 const PlacementSearchOptions& options) {
  check(problem, options);
  PlacementResult result;
  const SearchInstance instance = search_instance(problem);
  result.bound_tokens_per_s = instance.bound;
  const int held = std::accumulate(instance.max_layers.begin(), instance.max_layers.end(), 0);
  if (held < instance.layers) {
    result.reason =
        fmt::format("the {} machines hold {} layers together; {} has {}", instance.machines, held,
                    problem.profiles->model.name, instance.layers);
    return result;
  }
  const SearchLimits limits(options.time_limit_s, options.threads);
  if (options.objective == PlacementObjective::kFlow) {
    FlowPlacement found = search_flow(instance, options.seed, options.effort, limits);
    result.evaluations = found.evaluations;
    result.complete = found.complete;
    if (found.flow_tokens_per_s > 0) result.placement = std::move(found.placement);
    if (result.placement.empty()) {
      result.reason = "no placement was found through which tokens can flow: links are missing";
    }
  } else {
    ServedPlacement found = search_served(problem, instance, options, limits);
    result.evaluations = found.evaluations;
    result.complete = found.complete;
    result.placement = std::move(found.placement);
    if (result.placement.empty()) {
      result.reason = "no placement was found that serves the requests";
    }
  }
  if (result.placement.empty()) return result;
  result.flow_tokens_per_s = placement_flow(*problem.cluster, *problem.profiles, problem.throughput,
                                            result.placement, problem.partial_inference);
  result.proved = result.flow_tokens_per_s >= result.bound_tokens_per_s * (1 - kProved);
  return result;
}

}  // namespace sextant
