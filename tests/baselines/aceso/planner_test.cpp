// Planner `aceso` against what Sailor's artifact was recorded to find with it.
#include "planner/training/planner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "tests/baselines/support/recorded.h"
#include "tests/support/reference_data.h"
#include "tests/support/small_problem.h"

namespace sextant {
namespace {

using testing::HasSubstr;

SearchResult search(const TrainingProblem& problem, const PlannerOptions& options = {}) {
  return planner_named("aceso").search(problem, estimator_named("sailor"), options);
}

void expect_legal(const TrainingProblem& problem, const SearchResult& found) {
  double last = 0;
  for (const Proposal& proposal : found.proposals) {
    EXPECT_NO_THROW(check(proposal.plan));
    EXPECT_EQ(proposal.plan.layer_count, problem.profile.layer_count);
    for (const GpuUse& use : gpus_used(proposal.plan)) {
      EXPECT_LE(use.count, problem.cluster.find(use.gpu, use.zone)->count);
    }
    for (const Stage& stage : proposal.plan.pipelines.front().stages) {
      for (const Replica& replica : stage.replicas) {
        EXPECT_EQ(replica.machines.size(), 1U);
        EXPECT_LE(replica.tp, problem.cluster.pools.front().gpus_per_node);
      }
    }
    EXPECT_GE(proposal.believed_iteration_s, last);
    last = proposal.believed_iteration_s;
    ASSERT_TRUE(proposal.published.has_value());
    EXPECT_GT(proposal.published->iters_per_s, 0);
  }
}

// The search chooses at random and a clock stopped the recorded one, after few looks, so ours may
// find better plans, but no worse ones. The recorded throughput is the simulator of operators'.
TEST(AcesoPlanner, FindsNoWorsePlansThanRecorded) {
  SEXTANT_NEEDS(reference_data("baselines"));
  for (const RecordedAnswer& answer : recorded_answers("Aceso")) {
    const TrainingInput input = published_input(answer.figure, answer.cluster);
    for (const std::uint64_t seed : {0, 1}) {
      PlannerOptions options;
      options.seed = seed;
      const SearchResult found = search(input.problem(), options);
      expect_legal(input.problem(), found);
      ASSERT_FALSE(found.proposals.empty());
      EXPECT_LE(found.proposals.size(), 5U);
      EXPECT_TRUE(found.complete);
      const PublishedJudgement& judged = *found.proposals.front().published;
      EXPECT_TRUE(judged.fits);
      EXPECT_EQ(judged.by, "simulator of operators");
      EXPECT_GT(judged.iters_per_s, 0.99 * answer.iters_per_s) << answer.cluster << " " << seed;
    }
  }
}

// On 32 GPUs it comes to what was recorded: eight stages of three blocks, four replicas each.
TEST(AcesoPlanner, FindsTheRecordedShape) {
  SEXTANT_NEEDS(reference_data("baselines"));
  const RecordedAnswer answer = recorded_answers("Aceso").front();
  const TrainingInput input = published_input(answer.figure, answer.cluster);
  const SearchResult found = search(input.problem());
  ASSERT_FALSE(found.proposals.empty());
  const Proposal& best = found.proposals.front();
  EXPECT_NEAR(best.published->iters_per_s / answer.iters_per_s, 1, 0.01);
  EXPECT_EQ(best.plan.microbatch, 1);
  ASSERT_EQ(best.plan.pipelines.front().stages.size(), 8U);
  for (const Stage& stage : best.plan.pipelines.front().stages) {
    EXPECT_EQ(stage.replicas.size(), 4U);
    EXPECT_EQ(stage.replicas.front().tp, 1);
  }
}

TEST(AcesoPlanner, AnswerDependsOnSeedAndBudgetOnly) {
  SEXTANT_NEEDS(reference_data("baselines"));
  const TrainingInput input = published_input("fig7", recorded_answers("Aceso").front().cluster);
  PlannerOptions options;
  options.max_evaluations = 32 * 200;
  options.threads = 1;
  const SearchResult one = search(input.problem(), options);
  options.threads = 3;
  const SearchResult three = search(input.problem(), options);
  EXPECT_EQ(one.evaluations, three.evaluations);
  EXPECT_LE(one.evaluations, options.max_evaluations);
  EXPECT_FALSE(one.complete);
  ASSERT_EQ(one.proposals.size(), three.proposals.size());
  for (std::size_t i = 0; i < one.proposals.size(); ++i) {
    EXPECT_EQ(one.proposals[i].plan, three.proposals[i].plan);
    EXPECT_EQ(one.proposals[i].believed_iteration_s, three.proposals[i].believed_iteration_s);
  }
}

// Another model, whose tables are as old; the second GPU type is not seen.
TEST(AcesoPlanner, PlansOnTheFirstGpuTypeAlone) {
  SEXTANT_NEEDS(reference_data("baselines"));
  for (const RecordedAnswer& answer : recorded_answers("AMP")) {
    if (answer.figure != "fig9a") continue;
    const TrainingInput input = published_input(answer.figure, answer.cluster);
    PlannerOptions options;
    options.max_evaluations = 64 * 200;
    const SearchResult found = search(input.problem(), options);
    expect_legal(input.problem(), found);
    ASSERT_FALSE(found.proposals.empty());
    for (const GpuUse& use : gpus_used(found.proposals.front().plan)) {
      EXPECT_EQ(use.gpu, input.cluster.pools.front().gpu);
    }
    return;
  }
  FAIL() << "no such figure";
}

// From tables that are derived from a profile, on pools of any size.
TEST(AcesoPlanner, PlansWithoutItsOwnTables) {
  for (const int gpus : {1, 2, 3, 6, 7, 8, 13}) {
    for (const int gpus_per_node : {1, 4, 6}) {
      SmallProblem small;
      small.measure("A100-40", 1, {1, 2, 4});
      small.add("A100-40", "a", gpus);
      small.cluster.pools.front().gpus_per_node = gpus_per_node;
      const TrainingProblem problem = small.problem();
      PlannerOptions options;
      options.max_evaluations = 1000;
      const SearchResult found = search(problem, options);
      expect_legal(problem, found);
      ASSERT_FALSE(found.proposals.empty()) << gpus << " " << gpus_per_node;
      const Prediction p = estimator_named("aceso").predict(problem, found.proposals.front().plan);
      EXPECT_GT(p.iteration_s, 0);
    }
  }
}

// A described model: its layers' times are spread by the work of their operators.
TEST(AcesoPlanner, PlansOnAProfileOfLayers) {
  SEXTANT_NEEDS(reference_data("baselines"));
  TrainingInput input = published_input("fig7", recorded_answers("Aceso").front().cluster);
  input.published_tables.clear();
  PlannerOptions options;
  options.max_evaluations = 32 * 200;
  const SearchResult found = search(input.problem(), options);
  expect_legal(input.problem(), found);
  ASSERT_FALSE(found.proposals.empty());
  // Whole layers cost what was measured, so the judge, which adds synchronisation and charges links
  // otherwise, is not far off.
  const Plan& plan = found.proposals.front().plan;
  const Prediction own = estimator_named("aceso").predict(input.problem(), plan);
  const Prediction judged = estimator_named("sailor").predict(input.problem(), plan);
  EXPECT_NEAR(own.iteration_s / judged.iteration_s, 1, 0.3);
}

TEST(AcesoPlanner, SaysWhyItFindsNothing) {
  SmallProblem small;
  small.measure("A100-40", 1, {1});
  small.add("A100-40", "a", 4, 1e8);
  const SearchResult found = search(small.problem());
  EXPECT_TRUE(found.proposals.empty());
  EXPECT_THAT(found.infeasible_reason, HasSubstr("memory"));

  SmallProblem unknown;
  unknown.measure("V100-16", 1, {1});
  unknown.add("A100-40", "a", 4);
  EXPECT_THROW(search(unknown.problem()), Error);
}

TEST(AcesoPlanner, StopsAtItsTimeLimit) {
  SmallProblem small;
  small.measure("A100-40", 1, {1, 2, 4});
  small.add("A100-40", "a", 16);
  PlannerOptions options;
  options.time_limit_s = 0;
  const SearchResult found = search(small.problem(), options);
  EXPECT_FALSE(found.complete);
  EXPECT_TRUE(!found.proposals.empty() || !found.infeasible_reason.empty());
}

}  // namespace
}  // namespace sextant
