#include "planner/topology/input/search_input.h"

#include <algorithm>

#include <fmt/format.h>

#include "analyzer/core/error.h"

namespace sextant {

namespace {

/// Every tier of the network, as often as it has dimensions of it.
std::vector<ShapeTier> tiers_of(const Topology& topology) {
  std::vector<ShapeTier> tiers;
  for (const TopologyDimension& dimension : topology.dimensions) {
    tiers.push_back({dimension.tier});
  }
  return tiers;
}

}  // namespace

SimulatedBandwidthProblem simulated_problem(const NetworkFile& network,
                                            std::span<const PlacedWorkload> workloads,
                                            const DivisionQuestion& question,
                                            const SimulatedNetwork& simulated) {
  if (question.normalised) throw_bad_input("simulated steps are not normalised");
  SimulatedBandwidthProblem problem;
  const std::vector<double> weights = normal_weights(workloads);
  for (std::size_t i = 0; i < workloads.size(); ++i) {
    problem.trainings.push_back(
        {workloads[i].workload, workloads[i].shapes, simulated, weights[i]});
  }
  problem.compute_scale = question.compute_scale;
  problem.usd_per_byte_per_s = prices_for(network, question.target);
  problem.target = question.target;
  problem.constraints = constraints_of(network, question);
  return problem;
}

ShapeProblem shape_problem(const NetworkFile& network, const PlacedWorkload& placed,
                           const DivisionQuestion& question, std::vector<ShapeTier> tiers) {
  const std::string name = quote(network.topology.name);
  const std::optional<double> total = budget_of(network, question);
  if (!total) throw_bad_input(fmt::format("topology {}: expected a budget", name));
  if (!network.prices) throw_bad_input(fmt::format("topology {}: expected prices", name));
  if (!question.constraints.empty() || question.at_most) {
    throw_bad_input(
        "constraints are about the dimensions of one network; a search for its shape chooses them");
  }
  ShapeProblem problem;
  problem.total_bytes_per_s = *total;
  problem.target = question.target;
  problem.prices = *network.prices;
  problem.convention = network.convention.value_or(CostConvention::kSharedLinks);
  problem.tiers = tiers.empty() ? tiers_of(network.topology) : std::move(tiers);
  problem.most_dimensions = static_cast<int>(problem.tiers.size());
  if (placed.parallelism) {
    problem.groups = parallel_axes(*placed.parallelism);
    problem.time = [placed, question](const std::vector<GroupShape>& axes) {
      return step_time(placed.workload, shapes_of_groups(*placed.parallelism, axes), question.loop,
                       question.compute_scale);
    };
  } else {
    problem.groups = placed.workload.groups;
    problem.time = [placed, question](const std::vector<GroupShape>& shapes) {
      return step_time(placed.workload, shapes, question.loop, question.compute_scale);
    };
  }
  return problem;
}

}  // namespace sextant
