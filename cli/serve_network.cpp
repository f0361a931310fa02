#include "cli/serve_parts.h"
#include "planner/serving/heuristics/heuristic_networks.h"

namespace sextant::cli {

ServedNetwork method_network(const std::string& method, const PlacementProblem& problem,
                             const Placement& placement) {
  if (method == "petals") return petals_network(problem, placement);
  if (method == "swarm") return swarm_network(problem, placement);
  if (method == "separate") return separate_network(problem, placement);
  return served_network(*problem.cluster, *problem.profiles, placement, problem.partial_inference);
}

}  // namespace sextant::cli
