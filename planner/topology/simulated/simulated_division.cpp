#include "planner/topology/simulated/simulated_division.h"

#include <algorithm>
#include <numeric>

#include "analyzer/topology/network_cost.h"
#include "analyzer/topology/step_time.h"
#include "planner/topology/simulated/division_search.h"

namespace sextant {

namespace {

/// The problem as the closed form of a loop sees it.
BandwidthProblem without_chunks(const SimulatedBandwidthProblem& problem, TrainingLoop loop,
                                double compute_scale) {
  std::vector<StepTime> steps;
  std::vector<double> weights;
  for (const SimulatedTraining& training : problem.trainings) {
    steps.push_back(step_time(training.workload, training.shapes, loop, compute_scale));
    weights.push_back(training.weight);
  }
  return {weighted_sum(steps, weights), problem.usd_per_byte_per_s, problem.target,
          problem.constraints};
}

/// The optima of the closed forms, the equal division of the first optimum's bandwidth, and the
/// user's.
std::vector<std::vector<double>> all_starts(const SimulatedBandwidthProblem& problem) {
  std::vector<double> scales = {problem.compute_scale};
  if (problem.compute_scale != 1) scales.push_back(1);
  std::vector<std::vector<double>> starts;
  for (const double scale : scales) {
    for (const TrainingLoop loop : {TrainingLoop::kNoOverlap, TrainingLoop::kForwardInBackward}) {
      starts.push_back(
          divide_bandwidth(without_chunks(problem, loop, scale)).bandwidth_bytes_per_s);
    }
  }
  const std::vector<double>& first = starts.front();
  const double total = std::accumulate(first.begin(), first.end(), 0.0);
  starts.emplace_back(first.size(), total / static_cast<double>(first.size()));
  starts.insert(starts.end(), problem.starts.begin(), problem.starts.end());
  return starts;
}

double simulated_seconds(const SimulatedBandwidthProblem& problem,
                         std::span<const double> bandwidth) {
  double sum = 0;
  for (const SimulatedTraining& training : problem.trainings) {
    sum += training.weight * simulate_step(training.workload, training.shapes,
                                           with_bandwidth(training.network, bandwidth),
                                           problem.compute_scale)
                                 .step_s;
  }
  return sum;
}

}  // namespace

SimulatedNetwork with_bandwidth(SimulatedNetwork network, std::span<const double> bandwidth) {
  const double least = 1e-9 * std::accumulate(bandwidth.begin(), bandwidth.end(), 0.0);
  for (std::size_t d = 0; d < bandwidth.size(); ++d) {
    SimulatedNetwork::Dimension& dimension = network.dimensions[d];
    dimension.link_bytes_per_s = std::max(bandwidth[d], least) / dimension.links;
  }
  return network;
}

SimulatedDivision divide_bandwidth_simulated(const SimulatedBandwidthProblem& problem) {
  const int each = static_cast<int>(problem.trainings.size());
  const auto objective = [&](std::span<const double> bandwidth) {
    const double seconds = simulated_seconds(problem, bandwidth);
    return problem.target == BandwidthTarget::kTime
               ? seconds
               : seconds * network_usd(problem.usd_per_byte_per_s, bandwidth);
  };
  const DivisionSearchResult found = search_divisions(
      objective, problem.constraints, all_starts(problem), problem.max_simulations / each);
  SimulatedDivision best;
  best.bandwidth_bytes_per_s = found.bandwidth_bytes_per_s;
  best.cost_usd = network_usd(problem.usd_per_byte_per_s, found.bandwidth_bytes_per_s);
  best.objective = found.objective;
  best.time_s =
      problem.target == BandwidthTarget::kTime ? found.objective : found.objective / best.cost_usd;
  best.start_objective = found.start_objective;
  best.simulations = each * found.evaluations;
  return best;
}

}  // namespace sextant
