// Estimator `flashflex` against what FlashFlex was recorded to predict, and worked by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "analyzer/training/flashflex/flashflex.h"
#include "tests/baselines/support/recorded.h"
#include "tests/support/reference_data.h"
#include "tests/support/small_problem.h"
#include "tests/support/temporary_folder.h"

namespace sextant {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr double kTolerance = 1e-9;

void expect_recorded(const char* set, const char* figure, std::size_t rows,
                     double (*figure_of)(const Prediction&)) {
  const auto recorded = recorded_estimates(figure, "FlashFlex");
  EXPECT_EQ(recorded.size(), rows);
  const PublishedRuns runs(set);
  for (const MeasuredRun& run : runs.runs()) {
    EXPECT_NEAR(figure_of(runs.predict(flashflex_estimator(), run)) / recorded.at(run.name), 1,
                kTolerance)
        << figure << " " << run.name;
  }
}

TEST(FlashFlexEstimator, PredictsTheTimesThatFlashFlexWasRecordedToPredict) {
  SEXTANT_NEEDS(reference_data("baselines"));
  const auto seconds = [](const Prediction& prediction) { return prediction.iteration_s; };
  expect_recorded("main", "fig5b_time_GH200", 15, seconds);
  expect_recorded("mit", "fig6_time_het", 9, seconds);
}

TEST(FlashFlexEstimator, PredictsTheMemoryThatFlashFlexWasRecordedToPredict) {
  SEXTANT_NEEDS(reference_data("baselines"));
  const auto bytes = [](const Prediction& prediction) { return prediction.peak_memory_bytes; };
  expect_recorded("main", "fig5a_mem_GH200", 15, bytes);
  expect_recorded("mit", "fig6b_mem_het", 9, bytes);
}

/// SmallProblem with a model: two blocks between embedding and head, of round sizes.
struct SmallModel : SmallProblem {
  SmallModel() {
    model.name = "small";
    model.layers = 2;
    model.hidden = 1000;
    model.seq_len = 2000;
    model.vocab = 32000;
    measure("A", 1, {1, 2});
    add("A", "here", 8);
  }
  TrainingProblem problem() const {
    TrainingProblem out = SmallProblem::problem();
    out.model = &model;
    return out;
  }
  ModelDescription model;
};

Plan grid(int stages, int dp, int tp) {
  Plan plan;
  plan.model = "small";
  plan.layer_count = SmallProblem::kLayers;
  plan.global_batch = 8;
  plan.microbatch = 1;
  Pipeline& pipeline = plan.pipelines.emplace_back();
  const int each = SmallProblem::kLayers / stages;
  for (int s = 0; s < stages; ++s) {
    Stage& stage = pipeline.stages.emplace_back();
    stage.chunks = {{s * each, (s + 1) * each}};
    stage.replicas.assign(static_cast<std::size_t>(dp), {{{"A", "here", -1, tp}}, tp, 0});
  }
  return plan;
}

constexpr double kMessageBytes = 2000 * 1000 * 4;

TEST(FlashFlexEstimator, RatesAnUnknownTypeByTheProfile) {
  const SmallModel small;
  // The rating is such that a block takes as long as in the profile. Links are of 1 GB/s.
  const Prediction out = flashflex_estimator().predict(small.problem(), grid(2, 1, 1));
  const double stage_s = 2 * SmallProblem::kLayerSeconds;
  const double send_s = 2 * kMessageBytes / 1e9;
  EXPECT_EQ(out.microbatches, 8);
  EXPECT_NEAR(out.stages[0].compute_s, stage_s, kTolerance);
  EXPECT_NEAR(out.stages[0].transfer_s, send_s, kTolerance);
  EXPECT_EQ(out.stages[1].transfer_s, 0);
  EXPECT_EQ(out.slowest_stage, 0);
  // Nine columns; in the last one only the second stage works.
  EXPECT_NEAR(out.iteration_s, 9 * stage_s + 8 * send_s, kTolerance);
  EXPECT_EQ(out.sync_s, 0);
  EXPECT_NEAR(out.compute_usd, 2 * out.iteration_s, kTolerance);
}

TEST(FlashFlexEstimator, CountsTensorAndDataParallelExchanges) {
  const SmallModel small;
  const Prediction out = flashflex_estimator().predict(small.problem(), grid(1, 2, 2));
  EXPECT_NEAR(out.stages[0].compute_s, 4 * SmallProblem::kLayerSeconds / 2, kTolerance);
  EXPECT_NEAR(out.stages[0].transfer_s, 4 * 8 * kMessageBytes / 2 / 1e9, kTolerance);
  // The two blocks' gradients: 12 h² elements at tp 2 and dp 2, to one other pipeline and back.
  EXPECT_NEAR(out.sync_s, 2 * 2 * 12e6 * 4 / (2 * 2) / 1e9, kTolerance);
  EXPECT_NEAR(out.stages[0].sync_s, out.sync_s, kTolerance);
}

TEST(FlashFlexEstimator, CountsOneMicrobatchInMemory) {
  const SmallModel small;
  const Prediction out = flashflex_estimator().predict(small.problem(), grid(1, 1, 1));
  const double parameters = 4 * 12e6 + 1000.0 * (32000 + 2000) + 1000 + 1000.0 * 32000;
  EXPECT_NEAR(out.peak_memory_bytes, 16 * parameters + (4 + 2) * kMessageBytes, 1);
  EXPECT_TRUE(out.fits);
}

/// Several pipelines are FlashFlex's own plans, in which a stage's memory is divided by its tp.
TEST(FlashFlexEstimator, JudgesUnlikePipelines) {
  const SmallModel small;
  Plan plan = grid(2, 1, 1);
  plan.pipelines.push_back(grid(1, 1, 2).pipelines.front());
  const Prediction out = flashflex_estimator().predict(small.problem(), plan);
  ASSERT_EQ(out.stages.size(), 3U);
  EXPECT_EQ(out.microbatches, 4);
  EXPECT_NEAR(out.stages[2].peak_memory_bytes,
              16 * (4 * 12e6 / 2 + 1000.0 * (32000 + 2000) + 1000 + 1000.0 * 32000) +
                  (4 / 2 + 2) * kMessageBytes,
              1);
  // Of the two shards of the finer degree twice the coarser one's gradients are counted.
  EXPECT_NEAR(out.sync_s, 2 * 2 * 2 * 12e6 * 4 / 2 / 1e9, kTolerance);
}

TEST(FlashFlexEstimator, SaysWhatIsMissing) {
  const SmallModel small;
  const auto message = [](const TrainingProblem& problem, const Plan& plan) -> std::string {
    try {
      flashflex_estimator().predict(problem, plan);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kBadInput);
      return error.what();
    }
    return "predicted";
  };
  TrainingProblem bare = small.problem();
  bare.model = nullptr;
  EXPECT_THAT(message(bare, grid(1, 1, 1)), HasSubstr("description"));
  Plan elsewhere = grid(1, 1, 1);
  elsewhere.pipelines[0].stages[0].replicas[0].machines[0].zone = "there";
  EXPECT_THAT(message(small.problem(), elsewhere), AllOf(HasSubstr("there"), HasSubstr("zone")));
  EXPECT_THAT(message(small.problem(), grid(1, 16, 1)), HasSubstr("16 pipelines"));
  EXPECT_EQ(message(small.problem(), grid(1, 8, 1)), "predicted");
}

TEST(FlashFlexEstimator, NamesThePlaceOfABadRating) {
  const SmallModel small;
  TrainingProblem problem = small.problem();
  const TemporaryFolder folder;
  problem.published_tables = folder.path();
  for (const char* rating : {"[19.5, 40]", "[19.5, -40, 100]", "\"fast\""}) {
    folder.write("FlashFlex/src/machine_amounts.json",
                 std::string("{\"machine_specs\": {\"A\": ") + rating + "}}");
    try {
      flashflex_estimator().predict(problem, grid(1, 1, 1));
      ADD_FAILURE() << "accepted " << rating;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(),
                  AllOf(HasSubstr("machine_amounts.json"), HasSubstr("/machine_specs/A")));
    }
  }
}

}  // namespace
}  // namespace sextant
