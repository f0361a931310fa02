// Estimator `amp` against what AMP was recorded to predict, and on profiles of our own.
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "analyzer/training/amp/amp.h"
#include "tests/baselines/support/recorded.h"
#include "tests/support/reference_data.h"
#include "tests/support/small_problem.h"
#include "tests/support/temporary_folder.h"

namespace sextant {
namespace {

using testing::AllOf;
using testing::HasSubstr;

/// The published code computes in single precision.
constexpr double kTolerance = 1e-6;

TEST(AmpEstimator, PredictsWhatAmpWasRecordedToPredict) {
  SEXTANT_NEEDS(reference_data("baselines"));
  int compared = 0;
  for (const auto& [set, figure] :
       {std::pair("main", "fig5b_time_GH200"), std::pair("mit", "fig6_time_het")}) {
    const auto recorded = recorded_estimates(figure, "AMP");
    const PublishedRuns runs(set);
    for (const MeasuredRun& run : runs.runs()) {
      const Prediction prediction = runs.predict(amp_estimator(), run);
      EXPECT_NEAR(prediction.iteration_s / recorded.at(run.name), 1, kTolerance) << run.name;
      EXPECT_TRUE(prediction.fits);
      ++compared;
    }
  }
  EXPECT_EQ(compared, 24);
}

/// A plan of SmallProblem: `stages` of equal size of `dp` replicas.
Plan grid(int stages, int dp, int tp, int microbatch, const std::string& gpu = "A") {
  Plan plan;
  plan.model = "small";
  plan.layer_count = SmallProblem::kLayers;
  plan.global_batch = 8;
  plan.microbatch = microbatch;
  Pipeline& pipeline = plan.pipelines.emplace_back();
  const int each = SmallProblem::kLayers / stages;
  for (int s = 0; s < stages; ++s) {
    Stage& stage = pipeline.stages.emplace_back();
    stage.chunks = {{s * each, (s + 1) * each}};
    stage.replicas.assign(static_cast<std::size_t>(dp), {{{gpu, "here", -1, tp}}, tp, 0});
  }
  return plan;
}

TEST(AmpEstimator, WorksOnAProfileOfOurs) {
  SmallProblem small;
  small.measure("A", 1, {1, 2});
  small.add("A", "here", 16);
  // A forward takes a third of a layer's time here, so that the model is right: 2 layers a stage,
  // M = 8 / (2 x 2) = 2. Ranks 0-3 and 4-7 of the stages lie on two machines.
  const Prediction out = amp_estimator().predict(small.problem(), grid(2, 2, 2, 2));
  const double stage_s = 2 * 2 * SmallProblem::kLayerSeconds / 2;
  const double cut_s = 2 * SmallProblem::kOutputBytes / 1e9;
  EXPECT_DOUBLE_EQ(out.steady_s, stage_s);
  EXPECT_DOUBLE_EQ(out.fill_s, 2 * stage_s + cut_s);
  EXPECT_EQ(out.sync_s, 0);  // replicas of a stage share a machine
  EXPECT_DOUBLE_EQ(out.iteration_s, 3 * stage_s + cut_s);
  EXPECT_EQ(out.microbatches, 2);
  ASSERT_EQ(out.stages.size(), 2U);
  EXPECT_DOUBLE_EQ(out.stages[0].transfer_s, cut_s);
  EXPECT_EQ(out.stages[1].transfer_s, 0);
  EXPECT_DOUBLE_EQ(out.compute_usd, 8 * out.iteration_s);
}

TEST(AmpEstimator, CountsTheAllReduceAmongMachines) {
  SmallProblem small;
  small.measure("A", 1, {1});
  small.add("A", "here", 16);
  const Prediction out = amp_estimator().predict(small.problem(), grid(1, 8, 1, 1));
  EXPECT_DOUBLE_EQ(out.sync_s, 2.0 * 7 / 8 * 4 * SmallProblem::kParameterBytes / 1e9);
}

TEST(AmpEstimator, TakesTheMeanOfTheTypes) {
  SmallProblem small;
  small.measure("A", 1, {1});
  small.measure("B", 3, {1});
  small.add("A", "here", 4);
  small.add("B", "here", 4);
  Plan plan = grid(2, 1, 1, 1);
  plan.pipelines[0].stages[1].replicas[0].machines[0].gpu = "B";
  const Prediction out = amp_estimator().predict(small.problem(), plan);
  EXPECT_DOUBLE_EQ(out.stages[0].compute_s, 2 * 2 * SmallProblem::kLayerSeconds);
  EXPECT_DOUBLE_EQ(out.stages[1].compute_s, 2 * 2 * SmallProblem::kLayerSeconds);
}

TEST(AmpEstimator, SaysWhatIsMissing) {
  SmallProblem small;
  small.measure("A", 1, {1});
  small.add("A", "here", 16);
  const auto message = [&](const Plan& plan) -> std::string {
    try {
      amp_estimator().predict(small.problem(), plan);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kBadInput);
      return error.what();
    }
    return "predicted";
  };
  EXPECT_THAT(message(grid(1, 1, 2, 1)), HasSubstr("2"));
  EXPECT_THAT(message(grid(1, 1, 1, 1, "C")), AllOf(HasSubstr("C"), HasSubstr("does not have")));
  small.cluster.network = nullptr;
  EXPECT_THAT(message(grid(1, 8, 1, 1)), HasSubstr("network"));
  EXPECT_EQ(message(grid(1, 4, 1, 1)), "predicted");
}

TEST(AmpEstimator, NamesTheElementOfABadTable) {
  SmallProblem small;
  small.measure("A", 1, {1});
  small.add("A", "here", 16);
  TrainingProblem problem = small.problem();
  const TemporaryFolder folder;
  problem.published_tables = folder.path();
  const std::string header = "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }\n";
  std::string content = std::string("\x93NUMPY\x01\x00", 8) +
                        std::string{static_cast<char>(header.size()), '\0'} + header +
                        std::string(8, '\0') + std::string(8, '\xff');
  folder.write("AMP/profiles/small/A/profile_1.npy", content);
  try {
    amp_estimator().predict(problem, grid(1, 1, 1, 1));
    FAIL() << "a time that is no number";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("profile_1.npy"), HasSubstr("element 1")));
  }
}

}  // namespace
}  // namespace sextant
