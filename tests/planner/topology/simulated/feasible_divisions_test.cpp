#include "planner/topology/simulated/feasible_divisions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sextant {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::Optional;
using Relation = BandwidthConstraint::Relation;

TEST(FeasibleDivisions, OneFreedomIsLeftOfTwoDimensionsWithATotal) {
  const FeasibleDivisions divisions({total_budget(2, 100)}, {50, 50});
  ASSERT_EQ(divisions.freedoms(), 1u);
  const std::vector<double> step = {0.1};
  const auto moved = divisions.at(step);
  ASSERT_TRUE(moved);
  EXPECT_NEAR((*moved)[0] + (*moved)[1], 100, 1e-11);
  EXPECT_NEAR(std::abs((*moved)[0] - 50), 50 * 0.1 / std::sqrt(2), 1e-9);
}

TEST(FeasibleDivisions, StaysWithinBoundsAndOrders) {
  const std::vector<BandwidthConstraint> constraints = {
      total_budget(3, 100),
      {"B0 <= 60", {1, 0, 0}, Relation::kAtMost, 60},
      {"B1 >= B2", {0, 1, -1}, Relation::kAtLeast, 0}};
  // The nearest to 80, 5, 15: the first at its bound, the others equal.
  EXPECT_THAT(
      nearest_feasible(constraints, {80, 5, 15}),
      Optional(ElementsAre(DoubleNear(60, 1e-8), DoubleNear(20, 1e-8), DoubleNear(20, 1e-8))));
}

TEST(FeasibleDivisions, FindsNothingWhereConstraintsConflict) {
  const std::vector<BandwidthConstraint> constraints = {
      total_budget(2, 100), {"B0 >= 120", {1, 0}, Relation::kAtLeast, 120}};
  EXPECT_FALSE(nearest_feasible(constraints, {50, 50}));
}

TEST(FeasibleDivisions, LeavesDimensionsWithoutBandwidthAlone) {
  const FeasibleDivisions divisions({total_budget(3, 100)}, {60, 0, 40});
  EXPECT_EQ(divisions.freedoms(), 1u);
  const auto moved = divisions.at(std::vector<double>{0.2});
  ASSERT_TRUE(moved);
  EXPECT_EQ((*moved)[1], 0);
}

}  // namespace
}  // namespace sextant
