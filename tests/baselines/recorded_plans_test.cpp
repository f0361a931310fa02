// Estimator `sailor` judges the plans that published planners were recorded to find as the artifact
// did.
#include <gtest/gtest.h>

#include "analyzer/training/sailor/sailor.h"
#include "tests/baselines/support/recorded.h"
#include "tests/support/reference_data.h"

namespace sextant {
namespace {

TEST(RecordedPlans, InputsAreThere) {
  SEXTANT_NEEDS(reference_data("baselines"));
  EXPECT_EQ(recorded_answers("AMP").size(), 17U);
  EXPECT_EQ(recorded_estimates("fig5b_time_GH200", "Varuna").size(), 15U);
  const PublishedRuns runs("mit");
  const auto recorded = recorded_estimates("fig6_time_het", "SAILOR");
  for (const MeasuredRun& run : runs.runs()) {
    EXPECT_NEAR(runs.predict(estimator_named("sailor"), run).iteration_s / recorded.at(run.name), 1,
                1e-6);
  }
  EXPECT_FALSE(
      published_input("fig8a", recorded_answers("Metis").at(3).cluster).published_tables.empty());
}

/// Who of several zones sends to whom, the records do not say.
bool keeps_replicas_in_order(const Plan& plan) {
  for (const Pipeline& pipeline : plan.pipelines) {
    for (const Stage& stage : pipeline.stages) {
      for (const Replica& replica : stage.replicas) {
        if (replica.machines.front().zone != stage.replicas.front().machines.front().zone) {
          return false;
        }
      }
    }
  }
  return true;
}

class RecordedPlansOf : public testing::TestWithParam<const char*> {};

TEST_P(RecordedPlansOf, AreJudgedAsByTheArtifact) {
  SEXTANT_NEEDS(reference_data("baselines"));
  int judged_plans = 0;
  for (const RecordedAnswer& answer : recorded_answers(GetParam())) {
    if (answer.plan.pipelines.empty() || !keeps_replicas_in_order(answer.plan)) continue;
    SCOPED_TRACE(answer.figure + " " + answer.cluster + answer.variant);
    const TrainingInput input = published_input(answer.figure, answer.cluster);
    Plan plan = answer.plan;
    plan.global_batch = input.job.global_batch;
    const std::string tool = GetParam();
    const Prediction judged = tool == "Metis" || tool == "FlashFlex"
                                  ? sailor_prediction_listed_by_gpu(input.problem(), plan)
                                  : sailor_estimator().predict(input.problem(), plan);
    ++judged_plans;
    EXPECT_TRUE(judged.fits);
    EXPECT_NEAR(judged.iters_per_s() / answer.iters_per_s, 1, 1e-9);
    EXPECT_NEAR(judged.usd_per_iter() / answer.usd_per_iter, 1, 1e-9);
  }
  EXPECT_GE(judged_plans, 2);
}

INSTANTIATE_TEST_SUITE_P(Tools, RecordedPlansOf,
                         testing::Values("AMP", "Piper", "Galvatron", "FlashFlex", "Metis", "DTFM",
                                         "SAILOR"),
                         [](const auto& tool) { return std::string(tool.param); });

}  // namespace
}  // namespace sextant
