#include "tests/planner/topology/independent_solve.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/json_document.h"
#include "analyzer/topology/formats/network_files.h"
#include "analyzer/topology/formats/workload_files.h"
#include "tests/planner/topology/random_problem.h"
#include "tests/support/reference_data.h"

namespace sextant {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using Relation = BandwidthConstraint::Relation;

/// Solves by both methods: divide_bandwidth is no worse, keeps the constraints, and its bound
/// holds. False where it says that it proves nothing.
bool is_no_worse(const BandwidthProblem& problem, double relative) {
  const std::optional<IndependentDivision> other = solve_independently(problem);
  EXPECT_TRUE(other);
  const BandwidthDivision division = divide_bandwidth(problem);
  EXPECT_TRUE(satisfies(problem, division.bandwidth_bytes_per_s));
  const double objective = objective_at(problem, division.bandwidth_bytes_per_s);
  EXPECT_NEAR(division.objective, objective, 1e-12 * objective);
  if (!other || division.lower_bound <= 0) return false;
  EXPECT_LE(division.objective / other->objective - 1, relative);
  EXPECT_LE(division.lower_bound, other->objective * (1 + relative));
  EXPECT_GE(division.lower_bound, division.objective * (1 - 2e-8));
  return true;
}

/// A problem of LIBRA's release: its folder, "3d" or "4d", the names of two files in it.
BandwidthProblem release_problem(const std::filesystem::path& release, const std::string& network,
                                 const std::string& workload_file, const std::string& communicator,
                                 BandwidthTarget target, double total_bytes_per_s) {
  const Topology topology =
      read_network_file(release / "network" / (network + "_network.yml")).topology;
  Workload workload = read_workload_text(release / "workload" / workload_file);
  const std::vector<GroupShape> shapes =
      read_communicators(release / "communicator" / communicator, workload);
  check(shapes, workload, topology);
  return {step_time(workload, shapes, TrainingLoop::kNoOverlap),
          usd_per_byte_per_s(
              topology, read_network_prices(release / "cost_model" / (network + "_cost_model.yml")),
              CostConvention::kOwnLinks),
          target,
          {total_budget(topology.dimensions.size(), total_bytes_per_s)}};
}

/// The release's shipped example: 1000 GB/s, B0 = 500, B0 >= B1 >= B2, B2 + B3 = 200.
BandwidthProblem shipped_example(const std::filesystem::path& release, BandwidthTarget target) {
  BandwidthProblem problem =
      release_problem(release, "4d", "GPT_3.txt", "GPT_3_4d.yml", target, 1000e9);
  problem.constraints.push_back({"B0 = 500", {1, 0, 0, 0}, Relation::kEqual, 500e9});
  problem.constraints.push_back({"B0 >= B1", {1, -1, 0, 0}, Relation::kAtLeast, 0});
  problem.constraints.push_back({"B1 >= B2", {0, 1, -1, 0}, Relation::kAtLeast, 0});
  problem.constraints.push_back({"B2 + B3 = 200", {0, 0, 1, 1}, Relation::kEqual, 200e9});
  return problem;
}

TEST(IndependentSolve, FindsTheKnownOptimum) {
  BandwidthProblem problem;  // LIBRA's 175B transformer on its 4D network at 325 GB/s
  problem.time.shares = {{1.0 / 2, 7.0 / 16, 0, 0}, {0, 0, 7.0 / 8, 7.0 / 64}};
  problem.time.always = {0.684448242, {14495514624, 905969664}};
  problem.usd_per_byte_per_s = {1.0 * 1024e-9, 2.0 * 1024e-9, 2.0 * 1024e-9, 57.4 * 1024e-9};
  problem.constraints = {total_budget(4, 325e9)};
  const auto fastest = solve_independently(problem);
  ASSERT_TRUE(fastest);
  EXPECT_NEAR(fastest->objective, 0.7504295612, 1e-10);
  EXPECT_THAT(fastest->bandwidth_bytes_per_s,
              ElementsAre(DoubleNear(137.9852e9, 1e5), DoubleNear(120.7370e9, 1e5),
                          DoubleNear(58.9136e9, 1e5), DoubleNear(7.3642e9, 1e5)));
  problem.target = BandwidthTarget::kTimeTimesCost;
  const auto best_value = solve_independently(problem);
  ASSERT_TRUE(best_value);
  EXPECT_NEAR(best_value->objective, 4.079244691e5, 1e-4);
}

TEST(DivideBandwidth, SolvesTheReleasesShippedExample) {
  const std::filesystem::path data = reference_data("libra");
  SEXTANT_NEEDS(data);
  const auto fastest = shipped_example(data / "libra_release", BandwidthTarget::kTime);
  EXPECT_TRUE(is_no_worse(fastest, 1e-9));
  const BandwidthDivision by_time = divide_bandwidth(fastest);
  EXPECT_NEAR(by_time.time_s, 708'438'743.4e-9, 1e-10);
  EXPECT_NEAR(by_time.cost_usd, 22.966e6, 1e3);
  EXPECT_THAT(by_time.bandwidth_bytes_per_s,
              ElementsAre(DoubleNear(500e9, 1e2), DoubleNear(300e9, 1e2),
                          DoubleNear(151.1811e9, 1e5), DoubleNear(48.8189e9, 1e5)));
  const auto best_value = shipped_example(data / "libra_release", BandwidthTarget::kTimeTimesCost);
  EXPECT_TRUE(is_no_worse(best_value, 1e-9));
  const BandwidthDivision by_value = divide_bandwidth(best_value);
  EXPECT_NEAR(by_value.time_s, 743'326'905.8e-9, 1e-7);  // flat in time: given to 4 digits of B
  EXPECT_NEAR(by_value.cost_usd, 12.934e6, 1e3);
}

TEST(DivideBandwidth, SolvesTheReleasesProblems) {
  const std::filesystem::path data = reference_data("libra");
  SEXTANT_NEEDS(data);
  const JsonDocument recorded = JsonDocument::read(data / "reference_results.json");
  int solved = 0;
  for (const JsonNode& row : recorded.root().at("libra_release").at("problems").elements()) {
    SCOPED_TRACE(row.raw().dump());
    if (row.has("constraint")) continue;  // the shipped example
    const auto target =
        static_cast<BandwidthTarget>(row.at("objective").one_of(kBandwidthTargetNames));
    const BandwidthProblem problem =
        release_problem(data / "libra_release", row.at("net").string(), row.at("workload").string(),
                        row.at("communicator").string(), target, row.at("total_bw").number() * 1e9);
    EXPECT_TRUE(is_no_worse(problem, 1e-9));
    const double seconds = row.at("train_time_ns").number() * 1e-9;
    const double recorded_objective =
        target == BandwidthTarget::kTime ? seconds : seconds * row.at("network_cost_usd").number();
    EXPECT_LE(divide_bandwidth(problem).objective, recorded_objective * (1 + 1e-9));
    ++solved;
  }
  EXPECT_EQ(solved, 32);
}

TEST(DivideBandwidth, IsNoWorseThanAnIndependentSolve) {
  int unproved = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    for (const BandwidthTarget target : {BandwidthTarget::kTime, BandwidthTarget::kTimeTimesCost}) {
      SCOPED_TRACE(fmt::format("seed {}, {}", seed, to_string(target)));
      Random random(seed);
      BandwidthProblem problem = random_problem(random, target);
      EXPECT_TRUE(is_no_worse(problem, 1e-9));
      constrain(problem, random);
      if (!is_no_worse(problem, 2e-8)) ++unproved;
    }
  }
  EXPECT_EQ(unproved, 0);
}

}  // namespace
}  // namespace sextant
