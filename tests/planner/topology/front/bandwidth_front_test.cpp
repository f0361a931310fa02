#include "planner/topology/front/bandwidth_front.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "analyzer/topology/network_cost.h"
#include "planner/topology/simulated/feasible_divisions.h"
#include "tests/planner/topology/libra_problems.h"
#include "tests/planner/topology/random_problem.h"
#include "tests/support/reference_data.h"

namespace sextant {
namespace {

/// 4 s/B0 + 1 s/B1 with prices of 1 and 4 USD: a communicator in each dimension.
BandwidthProblem two_dimensions() {
  BandwidthProblem problem;
  problem.time.shares = {{1, 0}, {0, 1}};
  problem.time.always = {0, {4, 1}};
  problem.usd_per_byte_per_s = {1, 4};
  return problem;
}

/// Each point is slower and cheaper than the one before, and none lies below another's tangent.
void expect_convex(const BandwidthFront& front) {
  const std::vector<FrontPoint>& points = front.points;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const double slope = points[i].seconds_per_usd;
    const double least = points[i].time_s + slope * points[i].cost_usd;
    for (const FrontPoint& other : points) {
      EXPECT_GE(other.time_s + slope * other.cost_usd, least * (1 - 1e-8));
    }
    if (i == 0) continue;
    EXPECT_GT(points[i].time_s, points[i - 1].time_s);
    EXPECT_LT(points[i].cost_usd, points[i - 1].cost_usd);
    EXPECT_GT(slope, points[i - 1].seconds_per_usd);
  }
}

/// Steps of the mixture of two neighbours at this cost, which lies between the front's ends.
double mixture_s(const BandwidthProblem& problem, const BandwidthFront& front, double usd) {
  for (std::size_t i = 1; i < front.points.size(); ++i) {
    const FrontPoint& fast = front.points[i - 1];
    const FrontPoint& cheap = front.points[i];
    if (usd < cheap.cost_usd) continue;
    const double part = (usd - cheap.cost_usd) / (fast.cost_usd - cheap.cost_usd);
    std::vector<double> mixed;
    for (std::size_t d = 0; d < fast.bandwidth_bytes_per_s.size(); ++d) {
      mixed.push_back(part * fast.bandwidth_bytes_per_s[d] +
                      (1 - part) * cheap.bandwidth_bytes_per_s[d]);
    }
    return problem.time.seconds(mixed);
  }
  return front.points.front().time_s;
}

TEST(BandwidthFront, OfTwoDimensionsIsAHyperbola) {
  // Least of 4/B0 + 1/B1 + s (B0 + 4 B1): B0 = 2/sqrt(s), B1 = 1/(2 sqrt(s)), so that time is
  // 4 sqrt(s), cost 4/sqrt(s) and their product 16, up to what B0 + B1 <= 10 allows: s = 1/16.
  BandwidthProblem problem = two_dimensions();
  problem.constraints = {{"at most 10", {1, 1}, BandwidthConstraint::Relation::kAtMost, 10}};
  const BandwidthFront front = bandwidth_front(problem, {.points = 30, .gap = 0, .slowest = 3});
  EXPECT_EQ(front.points.size(), 30u);
  expect_convex(front);
  // The fastest: B0 = 2 B1, 0.9 s, 20 USD.
  EXPECT_NEAR(front.points.front().time_s, 0.9, 1e-9);
  EXPECT_NEAR(front.points.front().cost_usd, 20, 1e-6);
  EXPECT_NEAR(front.points.back().time_s, 2.7, 2.7e-3);
  EXPECT_LE(front.points.back().time_s, 2.7);
  for (const FrontPoint& point : front.points) {
    if (point.seconds_per_usd < 1.0 / 16) continue;
    EXPECT_NEAR(point.time_s * point.cost_usd, 16, 1e-7);
    EXPECT_NEAR(point.time_s, 4 * std::sqrt(point.seconds_per_usd), 1e-6);
  }
  EXPECT_FALSE(front.best_time_times_cost);  // less and less bandwidth is as good
}

TEST(BandwidthFront, MarksTheLeastOfTimeTimesCost) {
  BandwidthProblem problem = two_dimensions();
  problem.constraints = {total_budget(2, 10)};
  const BandwidthFront front = bandwidth_front(problem, {.points = 12, .gap = 0});
  expect_convex(front);
  ASSERT_TRUE(front.best_time_times_cost);
  const FrontPoint& best = front.points[*front.best_time_times_cost];
  problem.target = BandwidthTarget::kTimeTimesCost;
  const double least = divide_bandwidth(problem).objective;
  EXPECT_NEAR(best.time_s * best.cost_usd, least, 1e-9 * least);
  for (const FrontPoint& point : front.points) {
    EXPECT_GE(point.time_s * point.cost_usd, least * (1 - 1e-9));
    EXPECT_NEAR(point.time_s,
                4 / point.bandwidth_bytes_per_s[0] + 1 / point.bandwidth_bytes_per_s[1], 1e-9);
  }
}

TEST(BandwidthFront, GapFallsWithTheSquareOfThePoints) {
  BandwidthProblem problem = two_dimensions();
  problem.constraints = {total_budget(2, 10)};
  const double coarse = bandwidth_front(problem, {.points = 9, .gap = 0}).gap;
  const double fine = bandwidth_front(problem, {.points = 36, .gap = 0}).gap;
  EXPECT_LT(fine, coarse / 10);
  const BandwidthFront enough = bandwidth_front(problem, {.points = 1000, .gap = 1e-2});
  EXPECT_LE(enough.gap, 1e-2);
  EXPECT_LT(enough.points.size(), 36u);
}

TEST(BandwidthFront, EndsAtBoundsThatKeepItFromBeingCheaper) {
  BandwidthProblem problem = two_dimensions();
  problem.constraints = {total_budget(2, 10),
                         {"B1 >= 2", {0, 1}, BandwidthConstraint::Relation::kAtLeast, 2}};
  const BandwidthFront front = bandwidth_front(problem);
  expect_convex(front);
  EXPECT_NEAR(front.points.back().cost_usd, 16, 1e-5);  // 8 + 4 * 2
  EXPECT_NEAR(front.points.back().time_s, 1, 1e-5);
}

TEST(BandwidthFront, IsOnePointWhereNothingIsToBeChosen) {
  BandwidthProblem problem = two_dimensions();
  problem.constraints = {total_budget(2, 10),
                         {"B1 = 2", {0, 1}, BandwidthConstraint::Relation::kEqual, 2}};
  const BandwidthFront front = bandwidth_front(problem);
  EXPECT_EQ(front.points.size(), 1u);
  EXPECT_EQ(front.gap, 0);
  EXPECT_EQ(front.best_time_times_cost, 0u);
}

TEST(BandwidthFront, RefusesOptionsOutOfRange) {
  BandwidthProblem problem = two_dimensions();
  problem.constraints = {total_budget(2, 10)};
  EXPECT_THROW(bandwidth_front(problem, {.points = 1}), Error);
  EXPECT_THROW(bandwidth_front(problem, {.gap = -1}), Error);
  EXPECT_THROW(bandwidth_front(problem, {.slowest = 1}), Error);
}

TEST(BandwidthFront, HoldsLibrasOptima) {
  const std::filesystem::path data = reference_data("libra");
  SEXTANT_NEEDS(data);
  for (const char* network : {"2d", "3d", "4d"}) {
    for (const TrainingLoop loop : {TrainingLoop::kNoOverlap, TrainingLoop::kOverlap}) {
      BandwidthProblem problem =
          libra_problem(data, network, "Group", BandwidthTarget::kTime, loop, 325e9);
      const BandwidthFront front = bandwidth_front(problem);
      expect_convex(front);
      EXPECT_LE(front.points.size(), 20u);
      EXPECT_LT(front.gap, 0.02);
      EXPECT_NEAR(front.points.front().time_s / divide_bandwidth(problem).time_s, 1, 1e-9);
      problem.target = BandwidthTarget::kTimeTimesCost;
      ASSERT_TRUE(front.best_time_times_cost);
      const FrontPoint& best = front.points[*front.best_time_times_cost];
      EXPECT_NEAR(best.time_s * best.cost_usd / divide_bandwidth(problem).objective, 1, 1e-9);
    }
  }
}

TEST(BandwidthFront, IsNotBeatenByRandomDivisions) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const BandwidthProblem problem = random_problem(random, BandwidthTarget::kTime);
    const BandwidthFront front = bandwidth_front(problem);
    expect_convex(front);
    for (int i = 0; i < 30; ++i) {
      // Near a point of the front, or anywhere.
      std::vector<double> wanted =
          front.points[random.below(front.points.size())].bandwidth_bytes_per_s;
      const double spread = i % 2 == 0 ? 0.1 : 3;
      for (double& each : wanted) each *= std::exp(spread * (2 * random.uniform() - 1));
      const auto division = nearest_feasible(problem.constraints, wanted);
      if (!division) continue;
      const double time_s = problem.time.seconds(*division);
      const double usd = network_usd(problem.usd_per_byte_per_s, *division);
      for (const FrontPoint& point : front.points) {
        const double least = point.time_s + point.seconds_per_usd * point.cost_usd;
        EXPECT_GE(time_s + point.seconds_per_usd * usd, least * (1 - 1e-8));
      }
      if (usd >= front.points.back().cost_usd && usd <= front.points.front().cost_usd) {
        EXPECT_LE(mixture_s(problem, front, usd), time_s * (1 + front.gap) * (1 + 1e-8));
      }
    }
  }
}

}  // namespace
}  // namespace sextant
