// Estimator `metis` against what the published code was recorded to estimate.
#include <string>

#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "planner/training/planner.h"
#include "tests/baselines/support/recorded.h"
#include "tests/support/reference_data.h"
#include "tests/support/small_problem.h"
#include "tests/support/temporary_folder.h"

namespace sextant {
namespace {

constexpr double kRounding = 1e-6;

const Estimator& metis() {
  return estimator_named("metis");
}

void expect_recorded(const std::string& set, const std::string& figure, bool time) {
  const PublishedRuns runs(set);
  const auto recorded = recorded_estimates(figure, "Metis");
  ASSERT_FALSE(recorded.empty());
  for (const MeasuredRun& run : runs.runs()) {
    const Prediction ours = runs.predict(metis(), run);
    EXPECT_NEAR((time ? ours.iteration_s : ours.peak_memory_bytes) / recorded.at(run.name), 1,
                kRounding)
        << figure << " " << run.name;
  }
}

TEST(MetisEstimator, AgreesWithTheRecord) {
  SEXTANT_NEEDS(reference_data("baselines"));
  expect_recorded("main", "fig5a_mem_GH200", false);
  expect_recorded("main", "fig5b_time_GH200", true);
  expect_recorded("mit", "fig6_time_het", true);
  expect_recorded("mit", "fig6b_mem_het", false);
}

TEST(MetisEstimator, WorksOutByHand) {
  SmallProblem small;
  small.measure("fast", 1, {1});
  small.add("fast", "a", 8);
  Plan plan;
  plan.model = "small";
  plan.layer_count = SmallProblem::kLayers;
  plan.global_batch = 8;
  plan.microbatch = 1;
  const Replica replica{{{"fast", "a", -1, 1}}, 1, 0};
  plan.pipelines = {{{{{{0, 2}}, {replica, replica, replica, replica}},
                      {{{2, 4}}, {replica, replica, replica, replica}}}}};
  const Prediction ours = metis().predict(small.problem(), plan);
  // 2 microbatches; the update twice, of half the layers; as many elements as 2e7 B hold once over
  // the 1 GB/s between the two nodes; 2 x 3/4 of 2e8 B over the same, as the network knows no link
  // inside a node.
  EXPECT_EQ(ours.microbatches, 2);
  EXPECT_NEAR(ours.steady_s, 0.6, 1e-9);
  EXPECT_NEAR(ours.fill_s, 1.2 + 2e7 / 4 / 1e9, 1e-9);
  EXPECT_NEAR(ours.update_s, 4 * SmallProblem::kUpdateSeconds, 1e-9);
  EXPECT_NEAR(ours.sync_s, 0.3, 1e-9);
  EXPECT_NEAR(ours.iteration_s, ours.pipeline_s + ours.sync_s, 1e-9);
  EXPECT_NEAR(ours.peak_memory_bytes, 2 * (5e8 + 1e9), 1);
  ASSERT_EQ(ours.stages.size(), 2U);
  EXPECT_TRUE(ours.fits);
}

TEST(MetisEstimator, NamesWhatIsMissing) {
  SmallProblem small;
  small.measure("fast", 1, {1});
  small.add("fast", "a", 4);
  Plan plan;
  plan.model = "small";
  plan.layer_count = SmallProblem::kLayers;
  plan.global_batch = 8;
  plan.microbatch = 2;
  plan.pipelines = {{{{{{0, 4}}, {{{{"fast", "a", -1, 1}}, 1, 0}}}}}};
  try {
    metis().predict(small.problem(), plan);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadInput);
    EXPECT_NE(std::string(error.what()).find("microbatch size 2"), std::string::npos);
  }
}

TEST(MetisEstimator, BadTablesNameTheirPlace) {
  SmallProblem small;
  small.measure("fast", 1, {1});
  small.add("fast", "a", 4);
  const TemporaryFolder folder;
  folder.write("Metis/profiles/small/fast/mbs1_tmp1.json",
               R"({"model": {"num_layers": 4,
                             "parameters": {"parameters_per_layer_bytes": [1, 1, 1, 1]}},
                   "execution_time": {"layer_compute_total_ms": [1, -1, 1, 1]}})");
  TrainingProblem problem = small.problem();
  problem.published_tables = folder.path();
  try {
    planner_named("metis").search(problem, metis(), {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadInput);
    EXPECT_NE(std::string(error.what()).find("mbs1_tmp1.json"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("/execution_time/layer_compute_total_ms/1"),
              std::string::npos);
  }
}

}  // namespace
}  // namespace sextant
