#include "planner/topology/simulated/simulated_division.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <numeric>
#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "analyzer/core/json_document.h"
#include "analyzer/topology/formats/astra_files.h"
#include "analyzer/topology/formats/network_files.h"
#include "analyzer/topology/formats/workload_files.h"
#include "analyzer/topology/network_cost.h"
#include "tests/support/reference_data.h"

namespace sextant {
namespace {

/// One of the artifact's pre-computed vectors, GiB/s by dimension, as a problem: its sum is what
/// may be spent, and it is a start.
class Evaluation {
 public:
  explicit Evaluation(std::filesystem::path libra) : libra_(std::move(libra)) {}

  /// `script` names network, target and workload: "3d_perfcost_175b".
  SimulatedBandwidthProblem problem(const std::string& script, const JsonNode& setup) const {
    const Topology topology =
        read_network_file(libra_ / "optimizer" / "network" / (script.substr(0, 2) + ".json"))
            .topology;
    SimulatedBandwidthProblem problem;
    problem.trainings = {training(script, topology, setup)};
    problem.compute_scale = 0.26;
    problem.usd_per_byte_per_s = usd_per_byte_per_s(
        topology, read_network_prices(libra_ / "optimizer" / "cost" / "cost.json"),
        CostConvention::kSharedLinks);
    problem.target = script.find("perfcost") != std::string::npos ? BandwidthTarget::kTimeTimesCost
                                                                  : BandwidthTarget::kTime;
    std::vector<double>& start = problem.starts.emplace_back();
    for (const auto& dimension : problem.trainings.front().network.dimensions) {
      start.push_back(dimension.bytes_per_s());
    }
    problem.constraints = {
        total_budget(start.size(), std::accumulate(start.begin(), start.end(), 0.0))};
    return problem;
  }

 private:
  SimulatedTraining training(const std::string& script, const Topology& topology,
                             const JsonNode& setup) const {
    static const std::map<std::string, std::string> kFiles = {{"17b", "transformer_17B.txt"},
                                                              {"175b", "transformer_175B.txt"},
                                                              {"1t", "transformer_1T.txt"}};
    const std::filesystem::path inputs = libra_ / "evaluation";
    SimulatedTraining training;
    training.workload =
        read_workload_text(inputs / "workload" / kFiles.at(script.substr(script.rfind('_') + 1)));
    const int model = training.workload.groups[kModelGroup].npus;
    training.shapes = map_from_both_ends(topology, model, topology.npus() / model);
    std::vector<int> units;
    for (const TopologyDimension& dimension : topology.dimensions) units.push_back(dimension.npus);
    training.network = read_simulated_network(
        inputs / "network" / setup.at("network").string(),
        inputs / "system" / setup.at("system").string(),
        {units, std::vector<int>(units.size(), 1), setup.at("link_latency_ns").numbers(),
         setup.at("link_bandwidth_GBps").numbers()});
    return training;
  }

  std::filesystem::path libra_;
};

double simulated_objective(const SimulatedBandwidthProblem& problem,
                           const std::vector<double>& bandwidth) {
  const SimulatedTraining& training = problem.trainings.front();
  const double seconds =
      simulate_step(training.workload, training.shapes, with_bandwidth(training.network, bandwidth),
                    problem.compute_scale)
          .step_s;
  return problem.target == BandwidthTarget::kTime
             ? seconds
             : seconds * network_usd(problem.usd_per_byte_per_s, bandwidth);
}

TEST(SimulatedDivision, IsBetterThanTheEvaluationsVectors) {
  const std::filesystem::path libra = reference_data("libra");
  SEXTANT_NEEDS(libra);
  const Evaluation evaluation(libra);
  const JsonDocument setups = JsonDocument::read(libra / "evaluation" / "bw_setups.json");
  std::map<int, double> least_gain;  // of time times cost, by budget in GiB/s
  std::map<int, double> most_gain;
  double most_faster = 0;
  int vectors = 0;
  for (const JsonNode& run : setups.root().at("runs").elements()) {
    const std::string& source = run.at("source").string();
    if (source.find("/perf_opt/") == std::string::npos &&
        source.find("/perf_cost_opt/") == std::string::npos) {
      continue;
    }
    for (const int budget : {100, 300, 1000}) {
      const std::string& script = run.at("config_name").string();
      const JsonNode setup = run.at("setups").at(static_cast<std::size_t>(budget / 100 - 1));
      const SimulatedBandwidthProblem problem = evaluation.problem(script, setup);
      const SimulatedDivision found = divide_bandwidth_simulated(problem);
      SCOPED_TRACE(fmt::format("{} at {} GiB/s", script, budget));
      const double before = simulated_objective(problem, problem.starts.front());
      EXPECT_LE(found.objective, before * (1 + 1e-12));  // the start is moved by rounding
      EXPECT_LE(found.objective, found.start_objective);
      EXPECT_EQ(found.objective, simulated_objective(problem, found.bandwidth_bytes_per_s));
      EXPECT_LE(found.simulations, problem.max_simulations);
      const double gain = before / found.objective - 1;
      if (problem.target == BandwidthTarget::kTime) {
        most_faster = std::max(most_faster, gain);
      } else {
        const auto [least, is_first] = least_gain.try_emplace(budget, gain);
        least->second = std::min(least->second, gain);
        most_gain[budget] = std::max(most_gain[budget], gain);
      }
      ++vectors;
    }
  }
  EXPECT_EQ(vectors, 54);
  EXPECT_GT(most_faster, 0.011);
  EXPECT_GT(least_gain[100], 0.0105);
  EXPECT_GT(most_gain[100], 0.07);
  EXPECT_GT(most_gain[1000], 0.112);
}

TEST(SimulatedDivision, MinimisesTheWeightedSumUnderConstraints) {
  const std::filesystem::path libra = reference_data("libra");
  SEXTANT_NEEDS(libra);
  const Evaluation evaluation(libra);
  const JsonDocument setups = JsonDocument::read(libra / "evaluation" / "bw_setups.json");
  const auto problem_of = [&](const std::string& script) {
    for (const JsonNode& run : setups.root().at("runs").elements()) {
      if (run.at("config_name").string() == script) {
        return evaluation.problem(script, run.at("setups").at(std::size_t{2}));
      }
    }
    throw_bad_input("no such script");
  };
  SimulatedBandwidthProblem problem = problem_of("4d_perf_175b");
  const SimulatedBandwidthProblem other = problem_of("4d_perf_1t");
  problem.trainings.push_back(other.trainings.front());
  problem.trainings.back().weight = 3;
  problem.starts.push_back(other.starts.front());
  const double limit = 100 * 0x1p30;
  problem.constraints.front().relation = BandwidthConstraint::Relation::kAtMost;
  problem.constraints.push_back(
      {"B0 <= 100", {1, 0, 0, 0}, BandwidthConstraint::Relation::kAtMost, limit});
  problem.max_simulations = 101;
  const SimulatedDivision found = divide_bandwidth_simulated(problem);
  EXPECT_LE(found.bandwidth_bytes_per_s[0], limit * (1 + 1e-9));
  const double total =
      std::accumulate(found.bandwidth_bytes_per_s.begin(), found.bandwidth_bytes_per_s.end(), 0.0);
  const double budget = problem.constraints.front().bound_bytes_per_s;
  EXPECT_NEAR(total, budget, 1e-3 * budget);  // more is faster
  EXPECT_LE(found.simulations, 100);          // of two trainings each
  SimulatedBandwidthProblem second = problem;
  second.trainings.erase(second.trainings.begin());
  EXPECT_DOUBLE_EQ(found.time_s, simulated_objective(problem, found.bandwidth_bytes_per_s) +
                                     3 * simulated_objective(second, found.bandwidth_bytes_per_s));
}

TEST(SimulatedDivision, GivesNothingToADimensionThatIsDearAndUnused) {
  SimulatedTraining training;
  training.workload.groups = {{"model", 4}, {"data", 1}};
  training.workload.layers.resize(1);
  training.workload.layers[0].phases[0] = {1e-3, CommunicationOp::kAllReduce, 1e8, kModelGroup};
  training.shapes = {{4, 1}, {1, 1}};
  training.network.dimensions = {{4}, {2}};
  SimulatedBandwidthProblem problem;
  problem.trainings = {training};
  problem.usd_per_byte_per_s = {1e-6, 2e-6};
  problem.target = BandwidthTarget::kTimeTimesCost;
  problem.constraints = {total_budget(2, 100e9)};
  const SimulatedDivision found = divide_bandwidth_simulated(problem);
  EXPECT_NEAR(found.bandwidth_bytes_per_s[0], 100e9, 100);
  EXPECT_NEAR(found.cost_usd, 100e3, 1e-3);
  EXPECT_NEAR(found.time_s, 1e-3 + 2e8 * 0.75 / 100e9, 1e-5);  // and some latency
}

}  // namespace
}  // namespace sextant
