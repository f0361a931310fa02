// What is said of a search that ended early, and what a signal leaves of one.
#include <csignal>
#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/interrupt.h"
#include "planner/training/grid_plan.h"
#include "planner/training/planner.h"
#include "tests/support/small_problem.h"

namespace sextant {
namespace {

using testing::HasSubstr;

SmallProblem two_types() {
  SmallProblem small;
  small.measure("A", 1, {1, 2, 4});
  small.measure("B", 2, {1, 2, 4});
  small.add("A", "here", 8);
  small.add("B", "here", 8);
  return small;
}

class StoppedPlanner : public Planner {
 public:
  std::string_view name() const override { return "stopped"; }
  std::string_view description() const override { return "gives up at once"; }
  SearchResult search(const TrainingProblem&, const Estimator&,
                      const PlannerOptions&) const override {
    SearchResult result;
    result.complete = false;
    result.infeasible_reason = "nothing fits";
    return result;
  }
};

TEST(PlanJob, DoesNotCallInfeasibleWhatWasOnlyStopped) {
  const SmallProblem small = two_types();
  const PlannedJob job = plan_job(StoppedPlanner(), small.problem(), estimator_named("sailor"), {});
  EXPECT_FALSE(job.feasible);
  EXPECT_THAT(job.reason, HasSubstr("stopped"));
  EXPECT_THAT(job.reason, HasSubstr("before it found a plan"));
}

/// Proposes the whole model on one GPU, and counts how often it was asked.
class CountingPlanner : public Planner {
 public:
  explicit CountingPlanner(bool uses_judge) : uses_judge_(uses_judge) {}
  std::string_view name() const override { return "counting"; }
  std::string_view description() const override { return "counts"; }
  bool uses_judge() const override { return uses_judge_; }
  SearchResult search(const TrainingProblem& problem, const Estimator&,
                      const PlannerOptions&) const override {
    ++searches;
    SearchResult result;
    Proposal& proposal = result.proposals.emplace_back();
    proposal.plan = grid_plan(problem, 1, {{0, problem.profile.layer_count}}, 1, 1,
                              problem.cluster.pools.front());
    return result;
  }
  mutable int searches = 0;

 private:
  bool uses_judge_;
};

TEST(PlanJob, SearchesOnceForAllJudgesUnlessTheyAreSearchedFor) {
  const SmallProblem small = two_types();
  const std::vector<const Estimator*> judges = {&estimator_named("sailor"),
                                                &estimator_named("sextant")};
  for (const bool uses_judge : {false, true}) {
    const CountingPlanner planner(uses_judge);
    const std::vector<PlannedJob> jobs = plan_job(planner, small.problem(), judges, {});
    EXPECT_EQ(planner.searches, uses_judge ? 2 : 1);
    ASSERT_EQ(jobs.size(), 2U);
    for (std::size_t j = 0; j < jobs.size(); ++j) {
      EXPECT_EQ(jobs[j].estimator, judges[j]);
      ASSERT_TRUE(jobs[j].feasible) << jobs[j].reason;
      EXPECT_EQ(gpu_count(jobs[j].plan), 1);
      EXPECT_TRUE(jobs[j].search.proposals.empty());
    }
  }
}

TEST(PlanJobDeathTest, EndsInOrderAfterSignalsHoweverMany) {
  for (const Planner* planner : planners()) {
    EXPECT_EXIT(
        {
          handle_interrupts();
          std::raise(SIGINT);
          std::raise(SIGTERM);
          std::raise(SIGINT);
          const SmallProblem small = two_types();
          const PlannedJob job = plan_job(*planner, small.problem(), estimator_named("sailor"), {});
          // A plan, or the reason why there is none yet; never a silent nothing.
          std::_Exit(job.feasible || !job.reason.empty() ? EXIT_SUCCESS : EXIT_FAILURE);
        },
        testing::ExitedWithCode(EXIT_SUCCESS), "");
  }
}

}  // namespace
}  // namespace sextant
