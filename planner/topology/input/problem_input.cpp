#include "planner/topology/input/problem_input.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "analyzer/core/catalog.h"
#include "analyzer/core/data_directory.h"
#include "analyzer/core/error.h"
#include "analyzer/topology/formats/astra_network.h"
#include "analyzer/topology/formats/workload_files.h"
#include "planner/topology/input/bandwidth_constraints.h"

namespace sextant {

namespace {

/// A word that cannot be meant as the path of a file.
bool is_name(const std::string& text) {
  return text.find_first_of("/.") == std::string::npos && !std::filesystem::exists(text);
}

int model_npus(const Workload& workload, const WorkloadPlacement& placement) {
  const int said = workload.groups[kModelGroup].npus;
  if (said == 0 && !placement.model_npus) {
    throw_bad_input(
        fmt::format("workload {} does not say how many NPUs share its model: expected "
                    "--model-parallel or communicators",
                    quote(workload.name)));
  }
  if (said != 0 && placement.model_npus && *placement.model_npus != said) {
    throw_bad_input(fmt::format("workload {} is for a model group of {} NPUs, not of {}",
                                quote(workload.name), said, *placement.model_npus));
  }
  return said != 0 ? said : *placement.model_npus;
}

/// LIBRA's rule: what the model group leaves of the network is the data group's.
std::vector<GroupShape> place_from_both_ends(Workload& workload, const Topology& topology,
                                             int model) {
  const int npus = topology.npus();
  if (model < 1 || npus % model != 0) {
    throw_bad_input(
        fmt::format("workload {}: a model group of {} NPUs does not divide the {} of topology {}",
                    quote(workload.name), model, npus, quote(topology.name)));
  }
  workload.groups[kModelGroup].npus = model;
  workload.groups[kDataGroup].npus = npus / model;
  return map_from_both_ends(topology, model, npus / model);
}

std::vector<StepTime> step_times(std::span<const PlacedWorkload> workloads, TrainingLoop loop,
                                 double compute_scale) {
  std::vector<StepTime> steps;
  for (const PlacedWorkload& placed : workloads) {
    const StepTime& step =
        steps.emplace_back(step_time(placed.workload, placed.shapes, loop, compute_scale));
    if (step.always.constant_s <= 0 && step.shares.empty()) {
      throw_bad_input(fmt::format("workload {} neither computes nor communicates",
                                  quote(placed.workload.name)));
    }
  }
  return steps;
}

}  // namespace

NetworkFile find_network(const std::string& file_or_name) {
  if (!is_name(file_or_name)) return read_network_file(file_or_name);
  const Catalog shipped(data_directory() / "topologies", "topology");
  return read_network_file(shipped.path_of(shipped.resolve(file_or_name)));
}

NetworkFile find_astra_network(const std::filesystem::path& path, const AstraOverrides& overrides) {
  const JsonDocument document = JsonDocument::read(path);
  NetworkFile network = read_astra_network(document.root(), overrides);
  network.topology.name = path.stem().string();
  check(network.topology);
  return network;
}

PlacedWorkload read_placed_workload(const std::filesystem::path& path, const Topology& topology,
                                    const WorkloadPlacement& placement) {
  PlacedWorkload placed;
  placed.workload = read_workload_text(path);
  placed.shapes =
      placement.communicators.empty()
          ? place_from_both_ends(placed.workload, topology, model_npus(placed.workload, placement))
          : read_communicators(placement.communicators, placed.workload);
  check(placed.shapes, placed.workload, topology);
  return placed;
}

PlacedWorkload generate_placed_workload(const ModelDescription& model,
                                        const Parallelism& parallelism, const GpuSpec& gpu,
                                        const Topology& topology, const AxisOrder& order) {
  PlacedWorkload placed;
  placed.workload = generate_workload(model, parallelism, gpu);
  placed.shapes = map_generated(topology, parallelism, order);
  placed.parallelism = parallelism;
  check(placed.shapes, placed.workload, topology);
  return placed;
}

std::vector<double> normal_weights(std::span<const PlacedWorkload> workloads) {
  double sum = 0;
  for (const PlacedWorkload& placed : workloads) {
    if (!(placed.weight > 0) || !std::isfinite(placed.weight)) {
      throw_bad_input(fmt::format("workload {}: expected a weight greater than zero, found {}",
                                  quote(placed.workload.name), placed.weight));
    }
    sum += placed.weight;
  }
  std::vector<double> weights;
  for (const PlacedWorkload& placed : workloads) weights.push_back(placed.weight / sum);
  return weights;
}

std::optional<std::vector<double>> dimension_prices(const NetworkFile& network) {
  if (!network.prices) return std::nullopt;
  return usd_per_byte_per_s(network.topology, *network.prices,
                            network.convention.value_or(CostConvention::kSharedLinks));
}

std::optional<double> budget_of(const NetworkFile& network, const DivisionQuestion& question) {
  std::optional<double> total = question.total_bytes_per_s;
  if (!total) total = network.total_bytes_per_s;
  if (!total && !network.bandwidth_bytes_per_s.empty()) {
    total = std::accumulate(network.bandwidth_bytes_per_s.begin(),
                            network.bandwidth_bytes_per_s.end(), 0.0);
  }
  if (total && !(*total > 0 && std::isfinite(*total))) {
    throw_bad_input(fmt::format("topology {}: expected a budget greater than zero, found {:g} GB/s",
                                quote(network.topology.name), *total / kBytesPerGb));
  }
  return total;
}

std::vector<double> prices_for(const NetworkFile& network, BandwidthTarget target) {
  const std::optional<std::vector<double>> prices = dimension_prices(network);
  if (!prices && target == BandwidthTarget::kTimeTimesCost) {
    throw_bad_input(fmt::format("topology {}: {} needs the prices of its tiers",
                                quote(network.topology.name), to_string(target)));
  }
  return prices.value_or(std::vector<double>(network.topology.dimensions.size(), 1));
}

std::vector<BandwidthConstraint> constraints_of(const NetworkFile& network,
                                                const DivisionQuestion& question) {
  const std::size_t dimensions = network.topology.dimensions.size();
  std::vector<BandwidthConstraint> all;
  if (const std::optional<double> total = budget_of(network, question)) {
    BandwidthConstraint& budget = all.emplace_back(total_budget(dimensions, *total));
    if (question.at_most) budget.relation = BandwidthConstraint::Relation::kAtMost;
    budget.text = fmt::format("total {} {:g}", question.at_most ? "<=" : "=", *total / kBytesPerGb);
  }
  for (const std::string& text : question.constraints) {
    for (BandwidthConstraint& one : bandwidth_constraints_from(text, dimensions)) {
      all.push_back(std::move(one));
    }
  }
  if (all.empty()) {
    throw_bad_input(
        fmt::format("topology {}: expected a budget, or constraints that bound every "
                    "bandwidth",
                    quote(network.topology.name)));
  }
  return all;
}

BandwidthProblem bandwidth_problem(const NetworkFile& network,
                                   std::span<const PlacedWorkload> workloads,
                                   const DivisionQuestion& question) {
  const std::vector<StepTime> steps = step_times(workloads, question.loop, question.compute_scale);
  std::vector<double> factors = normal_weights(workloads);
  BandwidthProblem problem;
  problem.usd_per_byte_per_s = prices_for(network, question.target);
  problem.target = question.target;
  problem.constraints = constraints_of(network, question);
  for (std::size_t i = 0; question.normalised && i < steps.size(); ++i) {
    problem.time = steps[i];
    factors[i] /= divide_bandwidth(problem).objective;
  }
  problem.time = weighted_sum(steps, factors);
  return problem;
}

double objective_at(const BandwidthProblem& problem,
                    std::span<const double> bandwidth_bytes_per_s) {
  const double time_s = problem.time.seconds(bandwidth_bytes_per_s);
  if (problem.target == BandwidthTarget::kTime) return time_s;
  return time_s * network_usd(problem.usd_per_byte_per_s, bandwidth_bytes_per_s);
}

double slack(const BandwidthConstraint& constraint, std::span<const double> bandwidth_bytes_per_s) {
  const double over =
      std::inner_product(constraint.coefficients.begin(), constraint.coefficients.end(),
                         bandwidth_bytes_per_s.begin(), -constraint.bound_bytes_per_s);
  switch (constraint.relation) {
    case BandwidthConstraint::Relation::kAtMost:
      return -over;
    case BandwidthConstraint::Relation::kAtLeast:
      return over;
    case BandwidthConstraint::Relation::kEqual:
      break;
  }
  return -std::abs(over);
}

StepTime mean_step_time(std::span<const PlacedWorkload> workloads, TrainingLoop loop,
                        double compute_scale) {
  return weighted_sum(step_times(workloads, loop, compute_scale), normal_weights(workloads));
}

}  // namespace sextant
