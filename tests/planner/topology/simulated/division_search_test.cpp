#include "planner/topology/simulated/division_search.h"

#include <algorithm>
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"

namespace sextant {
namespace {

/// Two communicators of two dimensions each, with a corner where both of one are as slow.
double kinked(std::span<const double> bandwidth) {
  return 1 + std::max(40 / bandwidth[0], 20 / bandwidth[1]) +
         std::max(10 / bandwidth[2], 2 / bandwidth[3]);
}

const std::vector<double> kEqual = {25, 25, 25, 25};

TEST(DivisionSearch, FindsTheOptimumOfACorneredObjective) {
  // B0 : B1 = 2 : 1, B2 : B3 = 5 : 1, and the pairs as sqrt(60) : sqrt(12).
  const double optimum = 1 + std::pow(std::sqrt(60) + std::sqrt(12), 2) / 100;
  const auto found = search_divisions(kinked, {total_budget(4, 100)}, {kEqual}, 1000);
  EXPECT_NEAR(found.objective, optimum, 1e-3 * optimum);
  EXPECT_LE(found.evaluations, 1000);
}

TEST(DivisionSearch, IsNeverWorseThanAStartAndTriesEveryOne) {
  const std::vector<double> good = {55, 27, 15, 3};
  for (const int evaluations : {1, 2, 3, 10}) {
    const auto found =
        search_divisions(kinked, {total_budget(4, 100)}, {kEqual, good}, evaluations);
    EXPECT_LE(found.objective, kinked(good));
    EXPECT_EQ(found.start, 1u);
    EXPECT_EQ(found.start_objective, kinked(good));
    EXPECT_LE(found.evaluations, std::max(2, evaluations));
  }
}

TEST(DivisionSearch, KeepsTheConstraintsAndIsDeterministic) {
  const std::vector<BandwidthConstraint> constraints = {
      total_budget(4, 100), {"B0 <= 40", {1, 0, 0, 0}, BandwidthConstraint::Relation::kAtMost, 40}};
  const auto watched = [&](std::span<const double> bandwidth) {
    EXPECT_NEAR(bandwidth[0] + bandwidth[1] + bandwidth[2] + bandwidth[3], 100, 1e-7);
    EXPECT_LE(bandwidth[0], 40 + 1e-7);
    return kinked(bandwidth);
  };
  const auto found = search_divisions(watched, constraints, {{70, 10, 10, 10}}, 300);
  EXPECT_NEAR(found.bandwidth_bytes_per_s[0], 40, 0.1);
  const auto again = search_divisions(watched, constraints, {{70, 10, 10, 10}}, 300);
  EXPECT_EQ(found.bandwidth_bytes_per_s, again.bandwidth_bytes_per_s);
}

TEST(DivisionSearch, PassesErrorsOnThroughTheSolver) {
  int calls = 0;
  const auto failing = [&](std::span<const double> bandwidth) {
    if (++calls > 3) throw_bad_input("no");
    return kinked(bandwidth);
  };
  EXPECT_THROW(search_divisions(failing, {total_budget(4, 100)}, {kEqual}, 100), Error);
  EXPECT_EQ(calls, 4);
}

TEST(DivisionSearch, SaysWhereNoStartCanBeMoved) {
  const std::vector<BandwidthConstraint> constraints = {
      total_budget(4, 100),
      {"B0 >= 120", {1, 0, 0, 0}, BandwidthConstraint::Relation::kAtLeast, 120}};
  EXPECT_THROW(search_divisions(kinked, constraints, {kEqual}, 100), Error);
}

}  // namespace
}  // namespace sextant
