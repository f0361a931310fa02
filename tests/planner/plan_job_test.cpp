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
  // Stage 0 keeps 8 x 4 GB of activations and 2.6 GB more: in 40 GB it fits, in 20 it does not.
  const auto planned = [&](double memory_bytes, const char* judge = "sailor") {
    for (GpuPool& pool : small.cluster.pools) pool.memory_bytes = memory_bytes;
    return plan_job(TwoMicrobatches(), small.problem(), estimator_named(judge), {});
  };
  for (const double memory_bytes : {40e9, 20e9}) {
    const PlannedJob job = planned(memory_bytes);
    ASSERT_TRUE(job.feasible) << job.reason;
    EXPECT_EQ(job.plan.microbatch, 1);
    EXPECT_EQ(job.plans_rejected_oom, memory_bytes == 40e9 ? 0 : 1);
    EXPECT_EQ(job.plans_not_judged, memory_bytes == 40e9 ? 1 : 0);
  }
  EXPECT_EQ(planned(20e9, "sextant").plans_rejected_oom, 1);
  // Where nothing else is left, that is the reason.
  small.job.max_usd_per_iter = 1e-9;
  EXPECT_THAT(planned(40e9).reason, HasSubstr("microbatch 8"));
}

/// A second, whatever the plan.
class InseparableEstimator : public Estimator {
 public:
  std::string_view name() const override { return "inseparable"; }
  std::string_view description() const override { return "a second"; }
  Prediction predict(const TrainingProblem&, const Plan&) const override {
    Prediction out;
    out.iteration_s = 1;
    return out;
  }
};

TEST(PlanJob, GoesOnWhereAPlannerCannotSearchForTheJudge) {
  const SmallProblem small = two_types();
  const InseparableEstimator judge;
  const PlannedJob ours = plan_job(planner_named("sextant"), small.problem(), judge, {});
  EXPECT_FALSE(ours.feasible);
  EXPECT_EQ(ours.failure, ErrorCode::kUsage);
  EXPECT_THAT(ours.reason, HasSubstr("no separable view"));
  EXPECT_TRUE(plan_job(planner_named("amp"), small.problem(), judge, {}).feasible);
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
