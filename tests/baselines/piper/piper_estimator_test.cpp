// Estimator `piper` against what Piper was recorded to predict, and on profiles of our own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "analyzer/training/piper/piper.h"
#include "tests/baselines/support/recorded.h"
#include "tests/support/reference_data.h"
#include "tests/support/small_problem.h"
#include "tests/support/temporary_folder.h"

namespace sextant {
namespace {

using testing::AllOf;
using testing::HasSubstr;

/// The published tool prints six digits.
constexpr double kTolerance = 5e-6;

TEST(PiperEstimator, PredictsWhatPiperWasRecordedToPredict) {
  SEXTANT_NEEDS(reference_data("baselines"));
  const auto times = recorded_estimates("fig5b_time_GH200", "Piper");
  const auto memory = recorded_estimates("fig5a_mem_GH200", "Piper");
  const PublishedRuns runs("main");
  EXPECT_EQ(runs.runs().size(), 15U);
  for (const MeasuredRun& run : runs.runs()) {
    const Prediction prediction = runs.predict(piper_estimator(), run);
    EXPECT_NEAR(prediction.iteration_s / times.at(run.name), 1, kTolerance) << run.name;
    EXPECT_NEAR(prediction.peak_memory_bytes / memory.at(run.name), 1, kTolerance) << run.name;
    EXPECT_TRUE(prediction.fits);
  }
}

Stage stage(int first, int end, int dp, int tp = 1, const std::string& gpu = "A") {
  return {{{first, end}},
          std::vector<Replica>(static_cast<std::size_t>(dp), {{{gpu, "here", -1, tp}}, tp, 0})};
}

Plan plan_of(std::vector<Stage> stages, int microbatch = 1) {
  Plan plan;
  plan.model = "small";
  plan.layer_count = SmallProblem::kLayers;
  plan.global_batch = 8;
  plan.microbatch = microbatch;
  plan.pipelines = {{std::move(stages)}};
  return plan;
}

SmallProblem small_problem() {
  SmallProblem small;
  small.measure("A", 1, {1, 2});
  small.add("A", "here", 16);
  return small;
}

TEST(PiperEstimator, WorksOnAProfileOfOurs) {
  const SmallProblem small = small_problem();
  const Prediction out =
      piper_estimator().predict(small.problem(), plan_of({stage(0, 3, 4), stage(3, 4, 2)}));
  // The cut moves 2 x 20 MB a sequence, the all-reduce of a stage 4 (d - 1) / d of its weights.
  const double cut_s = 2 * SmallProblem::kOutputBytes / 1e9;
  ASSERT_EQ(out.stages.size(), 2U);
  EXPECT_NEAR(out.stages[0].compute_s, 3 * SmallProblem::kLayerSeconds, 1e-12);
  EXPECT_DOUBLE_EQ(out.stages[0].transfer_s, cut_s);
  EXPECT_DOUBLE_EQ(out.stages[1].transfer_s, cut_s);
  EXPECT_NEAR(out.stages[0].sync_s, 3 * 3 * SmallProblem::kParameterBytes / 1e9, 1e-9);
  EXPECT_EQ(out.slowest_stage, 0);
  EXPECT_NEAR(out.pipeline_s, 8.0 / 4 * (3 * SmallProblem::kLayerSeconds + cut_s), 1e-12);
  EXPECT_NEAR(out.iteration_s, out.pipeline_s + out.stages[0].sync_s, 1e-12);
  // Stage 0 holds ceil((4 + 2) / 4) = 2 microbatches, stage 1 one; 20 B a parameter of 4 B.
  EXPECT_NEAR(out.stages[0].peak_memory_bytes, 3 * (2 * 1e9 + 5 * 1e8), 1);
  EXPECT_NEAR(out.stages[1].peak_memory_bytes, 1e9 + 5 * 1e8, 1);
  EXPECT_NEAR(out.compute_usd, 6 * out.iteration_s, 1e-9);
}

TEST(PiperEstimator, SaysWhatDoesNotFit) {
  SmallProblem small = small_problem();
  small.cluster.pools[0].memory_bytes = 5e9;
  const Prediction out = piper_estimator().predict(small.problem(), plan_of({stage(0, 4, 1)}));
  EXPECT_FALSE(out.fits);  // 4 + 2 GB
  EXPECT_THAT(out.memory_note, HasSubstr("stage 0 needs 5.59 GiB of 4.66 GiB"));
}

TEST(PiperEstimator, NeedsNoTimesOfWhatCannotFit) {
  const SmallProblem small = small_problem();  // measured at one sequence
  const auto code_of = [&](int microbatch) {
    try {
      piper_estimator().predict(small.problem(), plan_of({stage(0, 4, 1)}, microbatch));
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::kInternal;
  };
  EXPECT_EQ(code_of(8), ErrorCode::kBadInput);  // 32 + 2 GB of 40
  EXPECT_EQ(code_of(16), ErrorCode::kInfeasible);
}

TEST(PiperEstimator, NeedsNoNetworkForOneReplica) {
  SmallProblem small = small_problem();
  small.cluster.network = nullptr;
  const Prediction out = piper_estimator().predict(small.problem(), plan_of({stage(0, 4, 1, 2)}));
  EXPECT_NEAR(out.iteration_s, 8 * 4 * SmallProblem::kLayerSeconds / 2, 1e-12);
  EXPECT_THROW(piper_estimator().predict(small.problem(), plan_of({stage(0, 4, 2)})), Error);
}

class PublishedProfile : public testing::Test {
 protected:
  /// Nodes and edges of a chain of `layers` layers, microbatch 1 and tensor degree 1.
  static std::string chain(int layers, const std::string& time = "0.5", int first_target = 1) {
    std::string nodes;
    std::string edges;
    for (int l = 0; l < layers; ++l) {
      nodes += (l > 0 ? "," : "") + ("{\"id\": " + std::to_string(l)) +
               ", \"TMPCs\": {\"1\": [{\"timePerSample\": " + time +
               ", \"parameterSize\": 1e8, \"memoryUsageA\": 1e9, \"memoryUsageB\": 5e8}]}}";
      if (l == 0) continue;
      edges += (l > 1 ? "," : "") + ("{\"sourceId\": " + std::to_string(l - 1)) +
               ", \"destId\": " + std::to_string(l == 1 ? first_target : l) +
               ", \"communicationCost\": 1e7}";
    }
    return "{\"1\": {\"nodes\": [" + nodes + "], \"edges\": [" + edges + "]}}";
  }
  Prediction predict(const std::string& profile) {
    folder_.write("Piper/profiles/small/A/profile.json", profile);
    TrainingProblem problem = small_.problem();
    problem.published_tables = folder_.path();
    return piper_estimator().predict(problem, plan_of({stage(0, 4, 1)}));
  }
  std::string error_of(const std::string& profile) {
    try {
      predict(profile);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kBadInput);
      EXPECT_THAT(error.what(), HasSubstr("profile.json"));
      return error.what();
    }
    return "predicted";
  }
  SmallProblem small_ = small_problem();
  TemporaryFolder folder_;
};

TEST_F(PublishedProfile, ComesFirst) {
  EXPECT_DOUBLE_EQ(predict(chain(4)).iteration_s, 8 * 4 * 0.5);
}

TEST_F(PublishedProfile, OfAnotherCutOrPointLeavesOurs) {
  const double ours = 8 * 4 * SmallProblem::kLayerSeconds;
  EXPECT_NEAR(predict(chain(3)).iteration_s, ours, 1e-12);
  EXPECT_NEAR(predict("{\"2\": {}}").iteration_s, ours, 1e-12);
}

TEST_F(PublishedProfile, NamesThePlaceOfAnError) {
  EXPECT_THAT(error_of(chain(4, "-1")), HasSubstr("/1/nodes/0/TMPCs/1/0/timePerSample"));
  EXPECT_THAT(error_of(chain(4, "0.5", 3)), AllOf(HasSubstr("/1/edges/0/destId"), HasSubstr("1")));
  EXPECT_THAT(error_of("{\"1\": {\"nodes\": [{\"id\": 7}]}}"), HasSubstr("/1/nodes/0/id"));
  EXPECT_THAT(error_of("{"), HasSubstr("profile.json"));
}

}  // namespace
}  // namespace sextant
