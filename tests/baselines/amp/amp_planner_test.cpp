// Planner `amp` against what AMP was recorded to answer, and on clusters of our own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "planner/training/amp/amp.h"
#include "tests/baselines/support/recorded.h"
#include "tests/support/reference_data.h"
#include "tests/support/small_problem.h"

namespace sextant {
namespace {

using testing::HasSubstr;

TEST(AmpPlanner, AnswersWhatAmpWasRecordedToAnswer) {
  SEXTANT_NEEDS(reference_data("baselines"));
  int compared = 0;
  for (const RecordedAnswer& recorded : recorded_answers("AMP")) {
    SCOPED_TRACE(recorded.figure + " " + recorded.cluster);
    const TrainingInput input = published_input(recorded.figure, recorded.cluster);
    const PlannedJob ours = plan_job(amp_planner(), input.problem(), estimator_named("sailor"), {});
    ASSERT_TRUE(ours.feasible) << ours.reason;
    EXPECT_NEAR(ours.prediction.iters_per_s() / recorded.iters_per_s, 1, 1e-6);
    EXPECT_NEAR(ours.prediction.usd_per_iter() / recorded.usd_per_iter, 1, 1e-6);
    EXPECT_EQ(ours.plans_rejected_oom, recorded.plans_rejected_oom);
    ++compared;
  }
  EXPECT_EQ(compared, 17);
}

SearchResult search(const SmallProblem& small, const PlannerOptions& options = {}) {
  return amp_planner().search(small.problem(), estimator_named("amp"), options);
}

/// Every proposal is legal and within the pools, and the estimator says what the planner believes.
void expect_sound(const SmallProblem& small, const SearchResult& result) {
  ASSERT_FALSE(result.proposals.empty()) << result.infeasible_reason;
  double last = 0;
  for (const Proposal& proposal : result.proposals) {
    check(proposal.plan);
    for (const GpuUse& use : gpus_used(proposal.plan)) {
      const GpuPool* pool = small.cluster.find(use.gpu, use.zone);
      ASSERT_NE(pool, nullptr);
      EXPECT_LE(use.count, pool->count);
    }
    EXPECT_GE(proposal.believed_iteration_s, last * (1 - 1e-6));
    last = proposal.believed_iteration_s;
  }
}

TEST(AmpPlanner, TriesEveryGrid) {
  SmallProblem small;
  small.measure("A", 1, {1, 2, 4});
  small.add("A", "here", 8);
  const SearchResult result = search(small);
  expect_sound(small, result);
  // B = 8 on 8 GPUs, at most 4 stages. tp 1: dp 2, 4, 8 with 3, 2 and 1 microbatches; tp 2: dp 1,
  // 2, 4 with 4, 3 and 2; tp 4: dp 1 and 2 with 4 and 3.
  EXPECT_EQ(result.evaluations, 6U + 9 + 7);
  EXPECT_EQ(result.proposals.size(), result.evaluations);
  EXPECT_TRUE(result.complete);
  for (const Proposal& proposal : result.proposals) {
    EXPECT_EQ(gpu_count(proposal.plan), 8);
    EXPECT_NEAR(estimator_named("amp").predict(small.problem(), proposal.plan).iteration_s,
                proposal.believed_iteration_s, 1e-12);
  }
}

TEST(AmpPlanner, BreaksTiesByTheSmallerMicrobatch) {
  SmallProblem small;
  small.measure("A", 1, {1, 2, 4});
  small.add("A", "here", 1);
  const SearchResult result = search(small);
  expect_sound(small, result);
  std::vector<int> microbatches;
  for (const Proposal& proposal : result.proposals) {
    microbatches.push_back(proposal.plan.microbatch);
  }
  EXPECT_THAT(microbatches, testing::ElementsAre(1, 2, 4, 8));
}

TEST(AmpPlanner, MixesTypesWithinAStage) {
  SmallProblem small;
  small.measure("A", 1, {1, 2, 4});
  small.measure("B", 2, {1, 2, 4});
  small.add("A", "here", 4);
  small.add("B", "here", 12);
  small.job.global_batch = 16;
  const SearchResult result = search(small);
  expect_sound(small, result);
  for (const Proposal& proposal : result.proposals) {
    const std::vector<Stage>& stages = proposal.plan.pipelines[0].stages;
    EXPECT_EQ(gpu_count(proposal.plan), 16);
    if (stages[0].replicas.size() * static_cast<std::size_t>(stages[0].replicas[0].tp) != 8) {
      continue;
    }
    EXPECT_EQ(stages[0].replicas.front().machines[0].gpu, "A");
    EXPECT_EQ(stages[0].replicas.back().machines[0].gpu, "B");
  }
}

TEST(AmpPlanner, PlansForAnyClusterAndBatch) {
  for (const int batch : {1, 6, 7, 8, 30}) {
    for (const int count : {1, 2, 3, 5, 7, 12, 13}) {
      for (const int others : {0, 1, 6}) {
        SmallProblem small;
        small.measure("A", 1, {1, 2, 4});
        small.measure("B", 2, {1, 2});
        small.add("A", "here", count);
        small.add("B", "here", others);
        small.cluster.pools.back().gpus_per_node = 6;
        small.job.global_batch = batch;
        SCOPED_TRACE(testing::Message() << batch << " " << count << " " << others);
        expect_sound(small, search(small));
      }
    }
  }
}

TEST(AmpPlanner, SeesTheLastZoneOfAType) {
  SmallProblem small;
  small.measure("A", 1, {1, 2, 4});
  small.add("A", "here", 4);
  small.add("A", "there", 8);
  const SearchResult result = search(small);
  expect_sound(small, result);
  for (const GpuUse& use : gpus_used(result.proposals.front().plan)) EXPECT_EQ(use.zone, "there");
}

TEST(AmpPlanner, SaysWhyThereIsNoPlan) {
  SmallProblem small;
  small.measure("A", 1, {8});
  small.add("A", "here", 8);
  const SearchResult result = search(small);
  EXPECT_TRUE(result.proposals.empty());
  EXPECT_THAT(result.infeasible_reason, HasSubstr("tensor degrees"));
  small.job.objective = Objective::kGpus;
  EXPECT_THAT(search(small).infeasible_reason, HasSubstr("objective gpus"));
}

TEST(AmpPlanner, StopsWhereItIsTold) {
  SmallProblem small;
  small.measure("A", 1, {1, 2, 4});
  small.add("A", "here", 8);
  PlannerOptions options;
  options.max_evaluations = 5;
  const SearchResult some = search(small, options);
  EXPECT_FALSE(some.complete);
  EXPECT_EQ(some.proposals.size(), 5U);
  options.max_evaluations = 0;
  options.time_limit_s = 0;
  EXPECT_FALSE(search(small, options).complete);
}

}  // namespace
}  // namespace sextant
