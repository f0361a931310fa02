// What every planner and every estimator promises, whoever wrote it first.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "analyzer/training/training_input.h"
#include "planner/training/flashflex/graph_partition.h"
#include "planner/training/planner.h"
#include "tests/baselines/support/recorded.h"
#include "tests/support/project_paths.h"
#include "tests/support/reference_data.h"

namespace sextant {
namespace {

constexpr std::uint64_t kSmallBudget = 2000;

/// Within the GPUs of each pool, and whole.
void expect_legal(const Plan& plan, const TrainingProblem& problem) {
  EXPECT_NO_THROW(check(plan));
  EXPECT_EQ(plan.layer_count, problem.profile.layer_count);
  EXPECT_EQ(plan.global_batch, problem.job.global_batch);
  EXPECT_EQ(plan.model, problem.profile.model);
  for (const GpuUse& use : gpus_used(plan)) {
    const GpuPool* pool = problem.cluster.find(use.gpu, use.zone);
    ASSERT_NE(pool, nullptr) << use.gpu << "@" << use.zone;
    EXPECT_LE(use.count, pool->count) << use.gpu << "@" << use.zone;
  }
}

/// A number, and what it is made of.
void expect_sound(const Estimator& estimator, const Prediction& prediction, const Plan& plan) {
  EXPECT_TRUE(std::isfinite(prediction.iteration_s));
  EXPECT_GT(prediction.iteration_s, 0);
  if (!prediction.breakdown) {
    EXPECT_NEAR(
        (prediction.steady_s + prediction.fill_s + prediction.update_s + prediction.sync_s) /
            prediction.iteration_s,
        1, 1e-9);
  }
  EXPECT_GE(prediction.microbatches, 1);
  std::size_t stages = 0;
  for (const Pipeline& pipeline : plan.pipelines) stages += pipeline.stages.size();
  ASSERT_EQ(prediction.stages.size(), stages);
  EXPECT_LT(prediction.slowest_stage, static_cast<int>(stages));
  for (const StagePrediction& stage : prediction.stages) {
    EXPECT_GT(stage.compute_s, 0);
    EXPECT_GE(stage.transfer_s, 0);
    if (!estimator.models_memory()) continue;
    EXPECT_GT(stage.peak_memory_bytes, 0);
    EXPECT_GE(stage.memory_bound_bytes, stage.peak_memory_bytes);
    EXPECT_GT(stage.memory_capacity_bytes, 0);
  }
  if (estimator.models_memory()) {
    EXPECT_GT(prediction.peak_memory_bytes, 0);
    EXPECT_EQ(prediction.fits, prediction.memory_note.empty());
  } else {
    EXPECT_TRUE(prediction.fits);
    EXPECT_EQ(prediction.peak_memory_bytes, 0);
  }
}

std::string name_of(const testing::TestParamInfo<std::string>& info) {
  return info.param;
}

std::vector<std::string> planner_names() {
  std::vector<std::string> names;
  for (const Planner* planner : planners()) names.emplace_back(planner->name());
  return names;
}

std::vector<std::string> estimator_names() {
  std::vector<std::string> names;
  for (const Estimator* estimator : estimators()) names.emplace_back(estimator->name());
  return names;
}

/// The shipped example: no published tables, everything derived from our own profiles.
TrainingInput shipped() {
  TrainingInputOptions options;
  options.cluster = source_path("profiles/clusters/two-types.json");
  options.job = source_path("profiles/jobs/opt-350m.json");
  return load_training_input(options);
}

class EveryPlanner : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (GetParam() == "flashflex" && !flashflex::can_cut_graphs()) {
      GTEST_SKIP() << "built without METIS";
    }
  }
  const Planner& planner() const { return planner_named(GetParam()); }
  SearchResult search(const TrainingInput& input, unsigned threads, std::uint64_t seed = 0) const {
    PlannerOptions options;
    options.max_evaluations = kSmallBudget;
    options.threads = threads;
    options.seed = seed;
    return planner().search(input.problem(), estimator_named("sailor"), options);
  }
  void expect_legal_and_repeatable(const TrainingInput& input) const {
    const SearchResult one = search(input, 1);
    const SearchResult two = search(input, 2);
    ASSERT_EQ(one.proposals.size(), two.proposals.size());
    EXPECT_EQ(one.evaluations, two.evaluations);
    EXPECT_EQ(one.proposals.empty(), !one.infeasible_reason.empty()) << one.infeasible_reason;
    for (std::size_t p = 0; p < one.proposals.size(); ++p) {
      EXPECT_EQ(one.proposals[p].plan, two.proposals[p].plan);
      EXPECT_TRUE(std::isfinite(one.proposals[p].believed_iteration_s));
      if (p < 50) expect_legal(one.proposals[p].plan, input.problem());
    }
  }
};

TEST_P(EveryPlanner, IsLegalAndRepeatableOnPublishedInputs) {
  SEXTANT_NEEDS(reference_data("baselines"));
  expect_legal_and_repeatable(
      published_input("fig8a", "32xA100-40@us-central1-a+32xV100-16@us-central1-a"));
}

TEST_P(EveryPlanner, IsLegalAndRepeatableOnOurOwnProfiles) {
  expect_legal_and_repeatable(shipped());
}

TEST_P(EveryPlanner, AnswersOddClusters) {
  SEXTANT_NEEDS(reference_data("baselines"));
  for (const int gpus : {1, 2, 3, 5, 7, 12, 33}) {
    SCOPED_TRACE(gpus);
    TrainingInput input = published_input("fig7", "32xA100-40@us-central1-a");
    input.cluster.pools.front().count = gpus;
    PlannerOptions options;
    options.max_evaluations = kSmallBudget;
    options.threads = 1;
    const PlannedJob job = plan_job(planner(), input.problem(), estimator_named("sailor"), options);
    if (job.feasible) {
      expect_legal(job.plan, input.problem());
    } else {
      EXPECT_FALSE(job.reason.empty());
    }
  }
}

TEST_P(EveryPlanner, AnswersWithoutGpus) {
  SEXTANT_NEEDS(reference_data("baselines"));
  TrainingInput input = published_input("fig7", "32xA100-40@us-central1-a");
  input.cluster.pools.front().count = 0;
  const PlannedJob job =
      plan_job(planner(), input.problem(), estimator_named("sailor"), PlannerOptions{});
  EXPECT_FALSE(job.feasible);
  EXPECT_FALSE(job.reason.empty());
}

INSTANTIATE_TEST_SUITE_P(All, EveryPlanner, testing::ValuesIn(planner_names()), name_of);

class EveryEstimator : public testing::TestWithParam<std::string> {};

TEST_P(EveryEstimator, IsSoundOnPublishedRuns) {
  SEXTANT_NEEDS(reference_data("baselines"));
  const Estimator& estimator = estimator_named(GetParam());
  const PublishedRuns runs("main");
  int predicted = 0;
  for (const MeasuredRun& run : runs.runs()) {
    SCOPED_TRACE(run.name);
    try {
      expect_sound(estimator, runs.predict(estimator, run), run.plan);
      ++predicted;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kBadInput) << error.what();
    }
  }
  EXPECT_GE(predicted, 14);  // Galvatron has no figure of one run
}

TEST_P(EveryEstimator, IsSoundOnOurOwnProfiles) {
  const Estimator& estimator = estimator_named(GetParam());
  const TrainingInput input = shipped();
  const PlannedJob job = plan_job(planner_named("sextant"), input.problem(),
                                  estimator_named("sailor"), PlannerOptions{});
  ASSERT_TRUE(job.feasible) << job.reason;
  expect_sound(estimator, estimator.predict(input.problem(), job.plan), job.plan);
}

INSTANTIATE_TEST_SUITE_P(All, EveryEstimator, testing::ValuesIn(estimator_names()), name_of);

}  // namespace
}  // namespace sextant
