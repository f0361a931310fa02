// Adding a baseline is one folder (here: two files) and one line of a registry.
#include <gtest/gtest.h>

#include "planner/training/planner.h"
#include "tests/support/small_problem.h"

namespace sextant {
namespace {

TEST(ToyBaseline, IsListedAfterAllOthers) {
  EXPECT_EQ(estimators().back()->name(), "toy");
  EXPECT_EQ(planners().back()->name(), "toy");
  EXPECT_GE(estimators().size(), 3U);
  EXPECT_GE(planners().size(), 3U);
}

TEST(ToyBaseline, PlansAndJudgesThroughTheCommonInterface) {
  SmallProblem small;
  small.measure("A", 1, {1, 2});
  small.add("A", "here", 4);
  const std::vector<PlannedJob> jobs =
      plan_job(planner_named("toy"), small.problem(),
               {&estimator_named("toy"), &estimator_named("sailor")}, PlannerOptions{});
  ASSERT_EQ(jobs.size(), 2U);
  ASSERT_TRUE(jobs[0].feasible) << jobs[0].reason;
  EXPECT_DOUBLE_EQ(jobs[0].prediction.iteration_s, small.job.global_batch / 4.0);
  ASSERT_TRUE(jobs[1].feasible) << jobs[1].reason;
  EXPECT_EQ(gpu_count(jobs[1].plan), 4);
  EXPECT_EQ(jobs[1].plan, jobs[0].plan);
}

}  // namespace
}  // namespace sextant
