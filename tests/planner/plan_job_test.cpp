// What is said of a search that ended early, and what a signal leaves of one.
#include <csignal>
#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/interrupt.h"
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
