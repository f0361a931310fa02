#include "planner/topology/input/problem_input.h"

#include <cmath>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "analyzer/core/error.h"
#include "planner/topology/input/search_input.h"
#include "planner/topology/input/simulated_network.h"
#include "planner/topology/input/step_breakdown.h"

namespace sextant {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

NetworkFile small_network() {
  NetworkFile network;
  network.topology = {"small",
                      {{4, BuildingBlock::kRing, "Package"}, {8, BuildingBlock::kSwitch, "Pod"}}};
  network.prices = NetworkPrices{{"Package", {4}}, {"Pod", {8, 18, 30}}};
  return network;
}

/// A layer that computes and communicates in both groups.
PlacedWorkload placed_workload(double model_bytes, double data_bytes) {
  PlacedWorkload placed;
  placed.workload.name = "step";
  placed.workload.groups = {{"model", 4}, {"data", 8}};
  placed.workload.layers = {
      {"layer",
       {LayerPhase{0.004, CommunicationOp::kAllReduce, model_bytes, kModelGroup},
        LayerPhase{0.004, CommunicationOp::kAllGather, model_bytes / 4, kModelGroup},
        LayerPhase{0.004, CommunicationOp::kReduceScatter, data_bytes, kDataGroup}}}};
  placed.shapes = {{4, 1}, {1, 8}};
  return placed;
}

TEST(ProblemInput, TakesTheBudgetFromTheQuestionThenTheNetwork) {
  NetworkFile network = small_network();
  EXPECT_EQ(budget_of(network, {}), std::nullopt);
  network.bandwidth_bytes_per_s = {3e9, 4e9};
  EXPECT_EQ(budget_of(network, {}), 7e9);
  network.total_bytes_per_s = 9e9;
  EXPECT_EQ(budget_of(network, {}), 9e9);
  DivisionQuestion question;
  question.total_bytes_per_s = 5e9;
  EXPECT_EQ(budget_of(network, question), 5e9);
  question.total_bytes_per_s = NAN;
  EXPECT_THROW(budget_of(network, question), Error);
}

TEST(ProblemInput, NormalisesByWhatEachReachesAlone) {
  const NetworkFile network = small_network();
  const std::vector<PlacedWorkload> both = {placed_workload(1e9, 8e9), placed_workload(8e10, 1e9)};
  DivisionQuestion question;
  question.total_bytes_per_s = 100e9;
  question.normalised = true;
  for (const BandwidthTarget target : {BandwidthTarget::kTime, BandwidthTarget::kTimeTimesCost}) {
    question.target = target;
    for (const PlacedWorkload& one : both) {
      EXPECT_NEAR(
          divide_bandwidth(bandwidth_problem(network, std::span(&one, 1), question)).objective, 1,
          1e-9);
    }
    EXPECT_GT(divide_bandwidth(bandwidth_problem(network, both, question)).objective, 1.001);
  }
}

TEST(ProblemInput, MeansAreWeighted) {
  std::vector<PlacedWorkload> both = {placed_workload(1e9, 8e9), placed_workload(8e10, 1e9)};
  both[0].weight = 3;
  const std::vector<double> bandwidth = {50e9, 25e9};
  const auto seconds = [&](const PlacedWorkload& one) {
    return step_time(one.workload, one.shapes, TrainingLoop::kOverlap).seconds(bandwidth);
  };
  EXPECT_NEAR(mean_step_time(both, TrainingLoop::kOverlap, 1).seconds(bandwidth),
              0.75 * seconds(both[0]) + 0.25 * seconds(both[1]), 1e-15);
  both[1].weight = 0;
  EXPECT_THROW(mean_step_time(both, TrainingLoop::kOverlap, 1), Error);
}

TEST(ProblemInput, SlackIsNegativeWhereAConstraintIsViolated) {
  const std::vector<double> bandwidth = {3e9, 4e9};
  const auto of = [&](BandwidthConstraint::Relation relation) {
    return slack({"", {1, 1}, relation, 8e9}, bandwidth);
  };
  EXPECT_EQ(of(BandwidthConstraint::Relation::kAtMost), 1e9);
  EXPECT_EQ(of(BandwidthConstraint::Relation::kAtLeast), -1e9);
  EXPECT_EQ(of(BandwidthConstraint::Relation::kEqual), -1e9);
}

TEST(SimulatedNetworks, HaveTheBandwidthsThatAreGiven) {
  NetworkFile network = small_network();
  network.topology.dimensions.push_back({6, BuildingBlock::kSwitch, "Pod"});
  network.topology.dimensions.push_back({5, BuildingBlock::kFullyConnected, "Pod"});
  const std::vector<double> bandwidth = {50e9, 25e9, 10e9, 8e9};
  const SimulatedNetwork simulated = simulated_network(network, bandwidth);
  for (std::size_t d = 0; d < bandwidth.size(); ++d) {
    EXPECT_EQ(simulated.dimensions[d].bytes_per_s(), bandwidth[d]);
    EXPECT_EQ(simulated.dimensions[d].link_latency_s, 1e-9);
  }
  EXPECT_EQ(simulated.dimensions[1].algorithm, DimensionAlgorithm::kHalvingDoubling);
  EXPECT_EQ(simulated.dimensions[2].algorithm, DimensionAlgorithm::kRing);
  EXPECT_EQ(simulated.dimensions[3].links, 4);
}

TEST(SearchInput, TiersAreThoseOfTheNetworkUnlessSaid) {
  DivisionQuestion question;
  question.total_bytes_per_s = 100e9;
  const ShapeProblem problem = shape_problem(small_network(), placed_workload(1e9, 1e9), question);
  EXPECT_THAT(problem.tiers, ElementsAre(ShapeTier{"Package"}, ShapeTier{"Pod"}));
  EXPECT_EQ(problem.groups.size(), 2U);
  question.constraints = {"B0 = 5"};
  EXPECT_THROW(shape_problem(small_network(), placed_workload(1e9, 1e9), question), Error);
}

RC_GTEST_PROP(StepBreakdowns, AddUpToTheStep, ()) {
  const auto bytes = [] { return 1e6 * *rc::gen::inRange(0, 10000); };
  const PlacedWorkload placed = placed_workload(bytes(), bytes());
  const std::vector<double> bandwidth = {1e9 * *rc::gen::inRange(1, 500),
                                         1e9 * *rc::gen::inRange(1, 500)};
  const auto loop = static_cast<TrainingLoop>(*rc::gen::inRange(0, 4));
  const double scale = 0.1 * *rc::gen::inRange(1, 20);
  const StepBreakdown step = step_breakdown(placed, loop, scale, bandwidth);
  double sum = step.compute_s;
  for (const StepBreakdown::Group& group : step.groups) {
    RC_ASSERT(group.exposed_s >= 0);
    sum += group.exposed_s;
  }
  const double expected = step_time(placed.workload, placed.shapes, loop, scale).seconds(bandwidth);
  RC_ASSERT(std::abs(step.step_s - expected) <= 1e-12 * expected);
  RC_ASSERT(std::abs(sum - expected) <= 1e-12 * expected);
  for (const double share : step.utilisation) RC_ASSERT(share >= 0 && share <= 1 + 1e-12);
}

TEST(StepBreakdowns, NameTheBottlenecks) {
  PlacedWorkload placed = placed_workload(1e9, 1e9);
  placed.workload.groups = {{"model", 32}, {"data", 1}};
  placed.shapes = {{4, 8}, {1, 1}};
  // (s-1)/P: 3/4 and 7/32.
  const auto bottleneck = [&](double outer) {
    const std::vector<double> bandwidth = {75e9, outer};
    const StepBreakdown step = step_breakdown(placed, TrainingLoop::kNoOverlap, 1, bandwidth);
    EXPECT_EQ(step.groups.size(), 1U);
    return step.groups.front().bottleneck;
  };
  EXPECT_THAT(bottleneck(25e9), ElementsAre(true, false));
  EXPECT_THAT(bottleneck(20e9), ElementsAre(false, true));
  EXPECT_THAT(bottleneck(21.875e9), Each(true));
}

}  // namespace
}  // namespace sextant
