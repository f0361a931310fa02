#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "planner/serving/milp/milp.h"
#include "tests/planner/serving/milp/small_placement_problem.h"

namespace sextant {
namespace {

TEST(Milp, SaysThatItWasBuiltWithoutASolver) {
  const testing::SmallPlacementProblem small(3, 6, 1);
  try {
    place_milp(small.problem, MilpOptions());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUsage);
    EXPECT_THAT(error.what(), ::testing::HasSubstr("./setup"));
  }
}

}  // namespace
}  // namespace sextant
