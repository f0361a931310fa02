// Planner `flashflex` against what FlashFlex was recorded to answer, and on clusters of our own.
#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "analyzer/training/flashflex/flashflex.h"
#include "planner/training/flashflex/flashflex.h"
#include "planner/training/flashflex/graph_partition.h"
#include "tests/baselines/support/recorded.h"
#include "tests/support/project_paths.h"
#include "tests/support/reference_data.h"
#include "tests/support/small_problem.h"

namespace sextant {
namespace {

using testing::HasSubstr;

/// The largest rows take seconds each; the benchmark of all figures has them.
constexpr int kMostGpus = 260;

/// Partitions of the published METIS, which has 64-bit indices; another one's are other plans.
constexpr double kOtherCuts = 0.25;  // seen: 0.22
bool cuts_as_published() {
  return flashflex::metis_index_bits() == 64;
}

class FlashFlexPlanner : public testing::Test {
 protected:
  void SetUp() override {
    if (!flashflex::can_cut_graphs()) GTEST_SKIP() << "built without METIS";
  }
};

std::vector<RecordedAnswer> answers_to_test() {
  std::vector<RecordedAnswer> out;
  for (const RecordedAnswer& recorded : recorded_answers("FlashFlex")) {
    // Figure 12 searches as figure 11 does.
    const TrainingInput input = published_input(recorded.figure, recorded.cluster);
    if (recorded.figure != "fig11" && recorded.figure != "fig12" &&
        input.cluster.gpu_count() > kMostGpus) {
      continue;
    }
    if (recorded.figure != "fig12") out.push_back(recorded);
  }
  return out;
}

/// The order of the recorded pipelines is not known: they were counted by kind.
std::vector<std::vector<std::pair<int, std::string>>> kinds_of(const Plan& plan) {
  std::vector<std::vector<std::pair<int, std::string>>> out;
  for (const Pipeline& pipeline : plan.pipelines) {
    auto& stages = out.emplace_back();
    for (const Stage& stage : pipeline.stages) {
      stages.emplace_back(stage.layer_count(), stage.replicas[0].machines[0].gpu);
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

TEST_F(FlashFlexPlanner, AnswersWhatFlashFlexWasRecordedToAnswer) {
  SEXTANT_NEEDS(reference_data("baselines"));
  for (const RecordedAnswer& recorded : answers_to_test()) {
    SCOPED_TRACE(recorded.figure + " " + recorded.cluster);
    const TrainingInput input = published_input(recorded.figure, recorded.cluster);
    const PlannedJob ours =
        plan_job(flashflex_planner(), input.problem(), estimator_named("sailor"), {});
    if (!cuts_as_published()) {
      if (!recorded.found) continue;
      EXPECT_NEAR(ours.prediction.iters_per_s() / recorded.iters_per_s, 1, kOtherCuts);
      EXPECT_EQ(ours.plans_rejected_oom, 0);
      continue;
    }
    EXPECT_EQ(ours.plans_rejected_oom, recorded.plans_rejected_oom);
    ASSERT_EQ(ours.feasible, recorded.found) << ours.reason;
    if (!recorded.found) continue;
    EXPECT_NEAR(ours.prediction.iters_per_s() / recorded.iters_per_s, 1, 1e-9);
    EXPECT_NEAR(ours.prediction.usd_per_iter() / recorded.usd_per_iter, 1, 1e-9);
    EXPECT_EQ(kinds_of(ours.plan), kinds_of(recorded.plan));
  }
}

/// Iterations/s of the plan that FlashFlex was recorded to choose, as it saw them.
TEST_F(FlashFlexPlanner, BelievesWhatFlashFlexBelieved) {
  SEXTANT_NEEDS(reference_data("baselines"));
  if (!cuts_as_published()) GTEST_SKIP() << "METIS has other indices than the published one";
  const TrainingInput input =
      published_input("fig8a", "32xA100-40@us-central1-a+32xV100-16@us-central1-a");
  const SearchResult result =
      flashflex_planner().search(input.problem(), estimator_named("sailor"), {});
  EXPECT_EQ(result.evaluations, 12U);  // a fifth of the GPUs
  ASSERT_FALSE(result.proposals.empty());
  EXPECT_NEAR(1 / result.proposals.front().believed_iteration_s, 0.1298976809053486, 1e-12);
}

TrainingInput shipped() {
  TrainingInputOptions options;
  options.cluster = source_path("profiles/clusters/two-types.json");
  options.job = source_path("profiles/jobs/opt-350m.json");
  return load_training_input(options);
}

TEST_F(FlashFlexPlanner, PlansWithRatingsOfDataSheets) {
  const TrainingInput input = shipped();
  const SearchResult result =
      flashflex_planner().search(input.problem(), estimator_named("sailor"), {});
  ASSERT_FALSE(result.proposals.empty()) << result.infeasible_reason;
  EXPECT_TRUE(result.complete);
  double last = 0;
  for (const Proposal& proposal : result.proposals) {
    check(proposal.plan);
    EXPECT_EQ(gpu_count(proposal.plan), input.cluster.gpu_count());
    EXPECT_EQ(proposal.plan.microbatch, 1);
    EXPECT_GE(proposal.believed_iteration_s, last);
    last = proposal.believed_iteration_s;
    // It may place stages on one machine, which a plan does not say: its links are no slower.
    EXPECT_GT(flashflex_estimator().predict(input.problem(), proposal.plan).iteration_s,
              0.9 * last);
  }
}

TEST_F(FlashFlexPlanner, HasOneAnswerForASeed) {
  const TrainingInput input = shipped();
  const auto proposals = [&](std::uint64_t seed) {
    PlannerOptions options;
    options.seed = seed;
    std::vector<Plan> plans;
    for (const Proposal& proposal : flashflex_planner()
                                        .search(input.problem(), estimator_named("sailor"), options)
                                        .proposals) {
      plans.push_back(proposal.plan);
    }
    return plans;
  };
  EXPECT_EQ(proposals(0), proposals(0));
  EXPECT_EQ(proposals(3), proposals(3));
  EXPECT_NE(proposals(3), proposals(4));
}

TEST_F(FlashFlexPlanner, StopsAtItsBudget) {
  const TrainingInput input = shipped();
  PlannerOptions options;
  options.max_evaluations = 2;
  const SearchResult result =
      flashflex_planner().search(input.problem(), estimator_named("sailor"), options);
  EXPECT_EQ(result.evaluations, 2U);
  EXPECT_FALSE(result.complete);
}

TEST_F(FlashFlexPlanner, SaysWhyThereIsNoPlan) {
  SmallProblem small;
  small.measure("A", 1, {1});
  small.add("A", "here", 4);
  ModelDescription model;
  model.layers = 2;
  model.hidden = 1000;
  model.seq_len = 2000;
  model.vocab = 32000;
  const auto reason = [&] {
    TrainingProblem problem = small.problem();
    problem.model = &model;
    return flashflex_planner().search(problem, estimator_named("sailor"), {}).infeasible_reason;
  };
  EXPECT_THAT(reason(), HasSubstr("at least 5 GPUs"));
  small.cluster.pools.front().count = 12;
  EXPECT_THAT(reason(), HasSubstr("2 leave a stage without a layer"));
  small.job.objective = Objective::kGpus;
  EXPECT_THAT(reason(), HasSubstr("gpus"));
}

TEST(FlashFlexWithoutMetis, SaysSo) {
  if (flashflex::can_cut_graphs()) GTEST_SKIP() << "built with METIS";
  const TrainingInput input = shipped();
  try {
    flashflex_planner().search(input.problem(), estimator_named("sailor"), {});
    FAIL() << "planned without METIS";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadInput);
    EXPECT_THAT(error.what(), HasSubstr("METIS"));
  }
}

}  // namespace
}  // namespace sextant
