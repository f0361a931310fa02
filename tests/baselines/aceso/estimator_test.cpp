// Estimator `aceso` and the simulator of operators against what Sailor's artifact was recorded to
// say of them.
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "analyzer/core/json_document.h"
#include "analyzer/training/aceso/operator_simulator.h"
#include "analyzer/training/aceso/validation.h"
#include "tests/baselines/support/recorded.h"
#include "tests/support/reference_data.h"
#include "tests/support/small_problem.h"
#include "tests/support/temporary_folder.h"

namespace sextant {
namespace {

using aceso::OperatorPlan;
using testing::AllOf;
using testing::HasSubstr;

const Estimator& estimator() {
  return estimator_named("aceso");
}

std::filesystem::path published() {
  return reference_data("baselines") / "data";
}

// The recorded estimates, those of one GPU type's tables for the mixed cluster too, whose machines
// have eight GPUs at most.
TEST(AcesoEstimator, AgreesWithEveryRecordedConfiguration) {
  SEXTANT_NEEDS(reference_data("baselines"));
  const JsonDocument document =
      JsonDocument::read(reference_data("baselines") / "reference_results.json");
  const JsonNode recorded = document.root().at("aceso_validation");
  int rows = 0;
  for (const auto& [set, gpus_per_node] : {std::pair("clariden", 4), std::pair("mit", 8)}) {
    for (const JsonNode& row : recorded.at(set).elements()) {
      const auto path = published() / "Aceso/validation_configs" / set /
                        ("OPT-350_" + row.at("config").string() + ".json");
      const auto cost = aceso::predict(
          aceso::read_configuration(path),
          published() / "Aceso" / row.at("gpu_profile").string() / "profiled-data-fp32",
          gpus_per_node);
      EXPECT_NEAR(cost.iteration_s / row.at("est_time_s").number(), 1, 1e-12) << path;
      EXPECT_NEAR(cost.peak_memory_bytes / row.at("est_mem_bytes").number(), 1, 1e-12) << path;
      ++rows;
    }
  }
  EXPECT_EQ(rows, 42);
}

TEST(AcesoEstimator, GivesTheRowsOfTheFigures) {
  SEXTANT_NEEDS(reference_data("baselines"));
  const std::vector<AcesoValidation> rows = aceso_validation(published());
  ASSERT_EQ(rows.size(), 15U);
  double time_error = 0;
  double memory_error = 0;
  for (const AcesoValidation& row : rows) {
    time_error += std::abs(row.predicted_s / row.measured_s - 1) / 15;
    memory_error += std::abs(row.predicted_bytes / row.measured_bytes - 1) / 15;
  }
  EXPECT_NEAR(time_error, 0.0719, 1e-4);
  EXPECT_NEAR(memory_error, 0.1317, 1e-4);
  EXPECT_TRUE(aceso_validation("").empty());
}

/// Of what the planner was recorded to find on 32 and 80 GPUs.
OperatorPlan recorded_plan(const JsonNode& run) {
  const JsonNode node = run.at("plan");
  OperatorPlan plan;
  plan.stage_batch = node.at("base_batch").count();
  int next = 0;
  for (std::size_t s = 0; s < node.at("ops_per_stage").size(); ++s) {
    const int first = next;
    next += node.at("ops_per_stage").at(s).count();
    plan.stages.push_back({first, next, node.at("tp_per_stage").at(s).at(std::size_t{0}).count(),
                           node.at("dp_per_stage").at(s).at(std::size_t{0}).count()});
  }
  return plan;
}

TEST(OperatorSimulator, JudgesRecordedPlansAsRecorded) {
  SEXTANT_NEEDS(reference_data("baselines"));
  const JsonDocument document =
      JsonDocument::read(reference_data("baselines") / "reference_results.json");
  int plans = 0;
  for (const JsonNode& run : document.root().at("planner_runs").elements()) {
    if (run.at("planner").string() != "Aceso" || run.at("status").string() != "ok") continue;
    const RecordedAnswer answer = recorded_answers("Aceso").at(static_cast<std::size_t>(plans++));
    const TrainingInput input = published_input(answer.figure, answer.cluster);
    const TrainingProblem problem = input.problem();
    const GpuPool& pool = input.cluster.pools.front();
    const aceso::SimulatedPlan judged =
        aceso::simulate(problem, pool, aceso::load_tables(problem, pool), recorded_plan(run));
    EXPECT_NEAR(1 / judged.iteration_s / answer.iters_per_s, 1, 1e-12);
    EXPECT_TRUE(judged.fits);
  }
  EXPECT_EQ(plans, 2);
}

Plan grid(const TrainingProblem& problem, const GpuPool& pool, int dp, int tp,
          const std::vector<LayerRange>& stages) {
  Plan plan;
  plan.model = problem.profile.model;
  plan.layer_count = problem.profile.layer_count;
  plan.global_batch = problem.job.global_batch;
  plan.microbatch = 1;
  Pipeline& pipeline = plan.pipelines.emplace_back();
  for (const LayerRange& layers : stages) {
    Stage& stage = pipeline.stages.emplace_back();
    stage.chunks = {layers};
    stage.replicas.assign(static_cast<std::size_t>(dp),
                          Replica{{Machine{pool.gpu, pool.zone, -1, tp}}, tp, 0});
  }
  return plan;
}

// Whole-layer plans of the published runs: the tables are read by operator, the plan by layer.
TEST(AcesoEstimator, PredictsWholeLayerPlans) {
  SEXTANT_NEEDS(reference_data("baselines"));
  const PublishedRuns runs("main");
  ASSERT_EQ(runs.runs().size(), 15U);
  for (const MeasuredRun& run : runs.runs()) {
    const Prediction p = runs.predict(estimator(), run);
    EXPECT_NEAR(p.iteration_s / run.iteration.median_s, 1, 0.25) << run.name;
    EXPECT_EQ(p.stages.size(), run.plan.pipelines.front().stages.size());
    EXPECT_GT(p.peak_memory_bytes, 5e9);
    EXPECT_GT(p.compute_usd, 0);
  }
}

// Without published tables a layer's time is spread over its operators, so that whole layers cost
// what was measured: 8 sequences on two replicas are 4 rounds; layers 0-1 and 2-3 take 0.6 s each,
// and 20 MB at each of the ends between them 40 MB / 1 GB/s.
TEST(AcesoEstimator, DerivesItsTablesFromAProfile) {
  SmallProblem small;
  small.measure("A100-40", 1, {1});
  small.add("A100-40", "a", 4);
  const TrainingProblem problem = small.problem();
  const Prediction p =
      estimator().predict(problem, grid(problem, small.cluster.pools[0], 2, 1, {{0, 2}, {2, 4}}));
  ASSERT_EQ(p.stages.size(), 2U);
  EXPECT_NEAR(p.stages[0].compute_s, 0.6, 1e-9);
  EXPECT_NEAR(p.stages[1].compute_s, 0.6, 1e-9);
  EXPECT_NEAR(p.stages[0].transfer_s, 2 * 0.02 * 1e9 / 1048576 / 1000, 1e-3);
  EXPECT_NEAR(p.iteration_s, p.steady_s + p.fill_s, 1e-12);
  EXPECT_EQ(p.microbatches, 4);
  // Two layers: four times 200 MB of weights, and activations of two batches in the first stage.
  EXPECT_GT(p.stages[0].peak_memory_bytes, 0.8e9 + 2 * 2e9);
  EXPECT_GT(p.stages[0].peak_memory_bytes, p.stages[1].peak_memory_bytes);
}

TEST(AcesoEstimator, SaysWhatItDoesNotModel) {
  SmallProblem small;
  small.measure("A100-40", 1, {1});
  small.add("A100-40", "a", 4);
  const TrainingProblem problem = small.problem();
  const auto failure = [&](const Plan& plan) {
    try {
      estimator().predict(problem, plan);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kBadInput);
      return std::string(error.what());
    }
    return std::string("no error");
  };
  Plan plan = grid(problem, small.cluster.pools[0], 2, 1, {{0, 2}, {2, 4}});
  Plan several = plan;
  several.pipelines.push_back(several.pipelines.front());
  EXPECT_THAT(failure(several), HasSubstr("pipelines"));
  Plan wide = plan;
  wide.microbatch = 2;
  EXPECT_THAT(failure(wide), AllOf(HasSubstr("microbatch 2"), HasSubstr("1 at 1")));
}

TEST(AcesoTables, NameFileAndLineOfWhatIsWrong) {
  SEXTANT_NEEDS(reference_data("baselines"));
  const TemporaryFolder folder;
  const auto source = published() / "Aceso/A100-40/profiled-data-fp32";
  for (const char* name :
       {"p2p_intra_node.csv", "p2p_inter_node.csv", "OPT-350_mbs1_tp1_algo0.csv"}) {
    std::filesystem::copy_file(source / name, folder.path() / name);
  }
  const auto failure = [&] {
    try {
      aceso::read_published_tables(
          folder.path(), "OPT-350",
          aceso::OperatorSequence({LayerKind::kEmbedding, LayerKind::kBlock, LayerKind::kHead}));
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kBadInput);
      return std::string(error.what());
    }
    return std::string("no error");
  };
  EXPECT_EQ(failure(), "no error");
  std::ofstream(folder.path() / "OPT-350_mbs2_tp1_algo0.csv") << "op_name,forward\n";
  EXPECT_THAT(failure(), AllOf(HasSubstr("mbs2_tp1_algo0.csv:1"), HasSubstr("header")));
  std::filesystem::remove(folder.path() / "OPT-350_mbs2_tp1_algo0.csv");
  std::ofstream(folder.path() / "p2p_intra_node.csv") << "1,2\n3.5,fast\n";
  EXPECT_THAT(failure(), AllOf(HasSubstr("p2p_intra_node.csv:2"), HasSubstr("fast")));
}

}  // namespace
}  // namespace sextant
