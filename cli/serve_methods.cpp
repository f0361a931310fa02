#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/table.h"
#include "analyzer/serving/flow/placement_flow.h"
#include "cli/serve_parts.h"
#include "planner/serving/heuristics/heuristics.h"
#include "planner/serving/milp/milp.h"

namespace sextant::cli {

namespace {

PlacementResult searched(const PlaceArguments& arguments, const PlacementProblem& problem,
                         const std::string& artifact) {
  PlacementSearchOptions options = arguments.search;
  if (options.objective == PlacementObjective::kServed) {
    options.lengths = read_request_source(arguments.trace, artifact).recorded.lengths;
  }
  return search_placement(problem, options);
}

PlacementResult solved(const PlaceArguments& arguments, const PlacementProblem& problem) {
  MilpOptions options;
  options.time_limit_s = arguments.search.time_limit_s;
  options.threads = arguments.search.threads;
  if (!arguments.start.empty()) {
    options.start =
        read_placement(arguments.start, *problem.cluster, problem.profiles->model).placement;
  } else {
    PlacementResult petals = place_petals(problem);
    PlacementResult swarm = place_swarm(problem);
    PlacementResult& better = petals.flow_tokens_per_s > swarm.flow_tokens_per_s ? petals : swarm;
    options.start = std::move(better.placement);
  }
  return place_milp(problem, options);
}

PlacementResult placed(const PlaceArguments& arguments, const PlacementProblem& problem,
                       const std::string& artifact) {
  if (arguments.method == "petals") {
    return place_petals(problem, static_cast<std::uint32_t>(arguments.search.seed));
  }
  if (arguments.method == "swarm") return place_swarm(problem, arguments.stages);
  if (arguments.method == "separate") return place_separate(problem);
  if (arguments.method == "milp") return solved(arguments, problem);
  return searched(arguments, problem, artifact);
}

/// Layers that all machines hold together where each takes as many as it can.
int layers_held(const PlacementProblem& problem) {
  int sum = 0;
  for (const ServingMachine& machine : problem.cluster->machines) {
    const int type = problem.profiles->type_index(machine.type);
    sum += problem.profiles->types[static_cast<std::size_t>(type)].max_layers;
  }
  return sum;
}

}  // namespace

PlacementResult find_placement(const PlaceArguments& arguments, const PlacementProblem& problem,
                               const std::string& artifact) {
  const ServedModel& model = problem.profiles->model;
  if (const int held = layers_held(problem); held < model.layers) {
    throw_infeasible(fmt::format("the machines hold {} layers beside a KV cache, {} has {}", held,
                                 model.name, model.layers));
  }
  PlacementResult result = placed(arguments, problem, artifact);
  if (result.placement.empty()) {
    throw_infeasible(fmt::format("method {}: {}", arguments.method, result.reason));
  }
  return result;
}

PlacementDocument placement_document(const PlaceArguments& arguments, const ServingInput& input,
                                     const PlacementProblem& problem,
                                     const PlacementResult& result) {
  PlacementDocument document;
  document.model = input.profiles.model.name;
  document.cluster = input.cluster_name;
  document.layers = input.profiles.model.layers;
  document.partial_inference = problem.partial_inference;
  document.method = arguments.method;
  if (arguments.method == "sextant") {
    document.objective =
        kPlacementObjectiveNames[static_cast<std::size_t>(arguments.search.objective)];
  }
  document.seed = arguments.search.seed;
  for (std::size_t i = 0; i < input.cluster.machines.size(); ++i) {
    const ServingMachine& machine = input.cluster.machines[i];
    document.machines.push_back({machine.name, machine.type, result.placement[i]});
  }
  ServedNetwork network = method_network(arguments.method, problem, result.placement);
  if (!network.links.empty()) assign_flow(network, problem.throughput);
  document.flow = flow_edges(network);
  document.flow_tokens_per_s = result.flow_tokens_per_s;
  document.upper_bound_tokens_per_s =
      result.bound_tokens_per_s > 0
          ? result.bound_tokens_per_s
          : tight_upper_bound(input.cluster, input.profiles, problem.throughput);
  document.proved = result.proved;
  document.complete = result.complete;
  document.evaluations = result.evaluations;
  document.evidence = input.evidence;
  return document;
}

}  // namespace sextant::cli
