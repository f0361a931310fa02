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

/// One layer on one A a stage, in microbatches of 8 and of 1.
class TwoMicrobatches : public Planner {
 public:
  std::string_view name() const override { return "two microbatches"; }
  std::string_view description() const override { return "the larger first"; }
  SearchResult search(const TrainingProblem& problem, const Estimator&,
                      const PlannerOptions&) const override {
    SearchResult result;
    for (const int microbatch : {8, 1}) {
      Plan& plan = result.proposals.emplace_back().plan;
      plan.model = problem.job.model;
      plan.layer_count = SmallProblem::kLayers;
      plan.global_batch = problem.job.global_batch;
      plan.microbatch = microbatch;
      Pipeline& pipeline = plan.pipelines.emplace_back();
      for (int layer = 0; layer < plan.layer_count; ++layer) {
        pipeline.stages.push_back({{{layer, layer + 1}}, {{{{"A", "here", -1, 1}}, 1, 0}}});
      }
    }
    return result;
  }
};

TEST(PlanJob, CountsAPlanThatCannotFitThoughNobodyTimedItsMicrobatch) {
  SmallProblem small = two_types();  // measured at one sequence
  const PlannedJob out =
      plan_job(TwoMicrobatches(), small.problem(), estimator_named("sailor"), {});
  // Stage 0 keeps 8 x 4 GB of activations and 2.6 GB more, within 40 GB: nobody can say how fast.
  EXPECT_FALSE(out.feasible);
  EXPECT_THAT(out.reason, HasSubstr("microbatch 8"));
  for (GpuPool& pool : small.cluster.pools) pool.memory_bytes = 20e9;
  const PlannedJob job =
      plan_job(TwoMicrobatches(), small.problem(), estimator_named("sailor"), {});
  ASSERT_TRUE(job.feasible) << job.reason;
  EXPECT_EQ(job.plans_rejected_oom, 1);
  EXPECT_EQ(job.plan.microbatch, 1);
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
