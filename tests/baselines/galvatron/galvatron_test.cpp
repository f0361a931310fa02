// Estimator and planner `galvatron` against what the published code was recorded to say, and beyond
// the records: derived tables, odd clusters, bad tables.
#include "analyzer/training/galvatron/galvatron.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "analyzer/training/galvatron/tables.h"
#include "planner/training/galvatron/galvatron.h"
#include "tests/baselines/support/recorded.h"
#include "tests/support/project_paths.h"
#include "tests/support/reference_data.h"
#include "tests/support/small_problem.h"
#include "tests/support/temporary_folder.h"

namespace sextant {
namespace {

using testing::HasSubstr;

constexpr double kExact = 1e-9;  ///< relative: the records have all digits

TEST(GalvatronEstimator, SaysWhatWasRecorded) {
  SEXTANT_NEEDS(reference_data("baselines"));
  const auto seconds = recorded_estimates("fig5b_time_GH200", "Galvatron");
  const auto bytes = recorded_estimates("fig5a_mem_GH200", "Galvatron");
  const PublishedRuns runs("main");
  std::size_t compared = 0;
  for (const MeasuredRun& run : runs.runs()) {
    const Prediction prediction = runs.predict(galvatron_estimator(), run);
    EXPECT_NEAR(prediction.iteration_s / seconds.at(run.name), 1, kExact) << run.name;
    EXPECT_DOUBLE_EQ(prediction.iteration_s, prediction.pipeline_s + prediction.sync_s);
    EXPECT_EQ(prediction.stages.size(), run.plan.pipelines.front().stages.size());
    EXPECT_GT(prediction.peak_memory_bytes, 0) << run.name;  // also of the batch of one sequence
    const auto recorded = bytes.find(run.name);
    if (recorded == bytes.end()) continue;
    EXPECT_NEAR(prediction.peak_memory_bytes / recorded->second, 1, kExact) << run.name;
    ++compared;
  }
  EXPECT_EQ(compared, 14U);
}

TEST(GalvatronEstimator, EstimatesDegreesThatItsTablesLack) {
  SEXTANT_NEEDS(reference_data("baselines"));
  // Tensor degrees up to 8; one GPU type without tables. Groups inside a node are priced by the
  // links between nodes, as in the published tables, so figures are high.
  const PublishedRuns runs("mit");
  for (const MeasuredRun& run : runs.runs()) {
    const Prediction prediction = runs.predict(galvatron_estimator(), run);
    EXPECT_GT(prediction.iteration_s, 1) << run.name;
    EXPECT_LT(prediction.iteration_s, 2000) << run.name;
  }
}

TEST(GalvatronPlanner, FindsTheRecordedPlans) {
  SEXTANT_NEEDS(reference_data("baselines"));
  // Its own estimates, iterations/s, by the GPUs in use.
  const std::map<int, double> believed = {
      {32, 0.016448739573698155}, {64, 0.03192637473422757}, {128, 0.060255792570903084}};
  const auto answers = recorded_answers("Galvatron");
  EXPECT_EQ(answers.size(), 5U);
  for (const RecordedAnswer& answer : answers) {
    SCOPED_TRACE(answer.figure + " " + answer.cluster);
    const TrainingInput input = published_input(answer.figure, answer.cluster);
    const TrainingProblem problem = input.problem();
    const PlannedJob job =
        plan_job(galvatron_planner(), problem, estimator_named("sailor"), PlannerOptions{});
    ASSERT_TRUE(job.feasible) << job.reason;
    EXPECT_NEAR(job.prediction.iters_per_s() / answer.iters_per_s, 1, kExact);
    EXPECT_NEAR(job.prediction.usd_per_iter() / answer.usd_per_iter, 1, kExact);
    EXPECT_EQ(job.plans_rejected_oom, answer.plans_rejected_oom);
    const SearchResult search =
        galvatron_planner().search(problem, estimator_named("sailor"), PlannerOptions{});
    EXPECT_NEAR(
        1 / search.proposals.front().believed_iteration_s / believed.at(gpu_count(job.plan)), 1,
        kExact);
  }
}

/// Plans that check() accepts, within the first pool, best first.
void expect_sound(const TrainingProblem& problem, const SearchResult& result) {
  double last = 0;
  for (const Proposal& proposal : result.proposals) {
    check(proposal.plan);
    EXPECT_GE(proposal.believed_iteration_s, last);
    last = proposal.believed_iteration_s;
    for (const GpuUse& use : gpus_used(proposal.plan)) {
      EXPECT_LE(use.count, problem.cluster.find(use.gpu, use.zone)->count);
    }
    EXPECT_GT(galvatron_estimator().predict(problem, proposal.plan).iteration_s, 0);
  }
}

TEST(GalvatronTables, DerivesThePublishedOnesOfMemoryAndTime) {
  SEXTANT_NEEDS(reference_data("baselines"));
  const TrainingInput input =
      published_input("fig8a", recorded_answers("AMP").at(3).cluster);  // A100 and V100
  const TrainingProblem problem = input.problem();
  const GpuPool* v100 = problem.cluster.find("V100-16", "us-central1-a");
  ASSERT_NE(v100, nullptr);
  const galvatron::Tables own = galvatron::tables_for(problem, *v100, 64);
  const galvatron::Tables derived = galvatron::derived_tables(problem, *v100, 64);
  EXPECT_THAT(own.source, HasSubstr("Galvatron/profiles/OPT-350/V100-16"));
  EXPECT_NEAR(derived.state_mb, own.state_mb, 1e-9);
  for (const int tp : {1, 2, 4}) {
    EXPECT_NEAR(derived.activation_mb.at(tp), own.activation_mb.at(tp), 1e-9) << tp;
  }
  EXPECT_NEAR(derived.first.states_mb, own.first.states_mb, 1e-6);
  EXPECT_NEAR(derived.last.states_mb, own.last.states_mb, 1e-6);
  EXPECT_NEAR(derived.last.activation_mb, own.last.activation_mb, 1e-6);
  // The published time was measured anew (8.0 ms); bandwidths are of older fits of the same links.
  EXPECT_NEAR(derived.forward_ms, own.forward_ms, 0.03 * own.forward_ms);
  for (const int size : {2, 4, 8, 64}) {
    EXPECT_NEAR(derived.groups.ms_per_mb(size, false) / own.groups.ms_per_mb(size, false), 1, 0.5);
  }
}

TEST(GalvatronPlanner, PlansModelsWithoutPublishedTables) {
  SEXTANT_NEEDS(reference_data("baselines"));
  const TrainingInput input =
      published_input("fig9a", recorded_answers("AMP").at(9).cluster);  // GPT-Neo-2.7B
  const TrainingProblem problem = input.problem();
  const SearchResult result =
      galvatron_planner().search(problem, estimator_named("sailor"), PlannerOptions{});
  EXPECT_FALSE(result.proposals.empty()) << result.infeasible_reason;
  expect_sound(problem, result);
}

TEST(GalvatronPlanner, PlansOnShippedClusters) {
  for (const char* cluster : {"geo", "two-types"}) {
    TrainingInputOptions options;
    options.cluster = source_path(std::string("profiles/clusters/") + cluster + ".json");
    options.job = source_path("profiles/jobs/opt-350m.json");
    const TrainingInput input = load_training_input(options);
    const PlannedJob job = plan_job(galvatron_planner(), input.problem(),
                                    estimator_named("sextant"), PlannerOptions{});
    EXPECT_TRUE(job.feasible) << cluster << ": " << job.reason;
  }
}

/// A made-up model of two blocks, an embedding and a head.
class Small : public testing::Test {
 protected:
  Small() {
    small_.measure("A", 1, {1, 2, 4});
    for (const int tp : {1, 2, 4}) {
      for (const int microbatch : {2, 4, 8, 16}) {
        small_.profile.points[{"A", tp, microbatch}] = small_.profile.points[{"A", tp, 1}];
      }
    }
    model_.name = "small";
    model_.layers = SmallProblem::kLayers - 2;
    model_.hidden = 512;
    model_.seq_len = 1024;
  }
  TrainingProblem problem() const {
    TrainingProblem out = small_.problem();
    out.model = &model_;
    return out;
  }
  SearchResult search(const PlannerOptions& options = {}) const {
    return galvatron_planner().search(problem(), estimator_named("sailor"), options);
  }

  SmallProblem small_;
  ModelDescription model_;
};

TEST_F(Small, PlansAreSoundOnOddClusters) {
  int found = 0;
  for (const int count : {1, 2, 3, 4, 5, 7, 8, 12, 33}) {
    for (const int batch : {1, 2, 8, 9, 24, 64}) {
      for (const int gpus_per_node : {1, 3, 4, 8}) {
        small_.cluster.pools.clear();
        small_.add("A", "here", count);
        small_.cluster.pools[0].gpus_per_node = gpus_per_node;
        small_.job.global_batch = batch;
        const SearchResult result = search();
        EXPECT_TRUE(result.complete);
        EXPECT_NE(result.proposals.empty(), result.infeasible_reason.empty());
        expect_sound(problem(), result);
        found += result.proposals.empty() ? 0 : 1;
      }
    }
  }
  EXPECT_GT(found, 50);
}

/// One machine: nothing is known of links that leave it.
class NetworkOfOneMachine : public UniformNetwork {
 public:
  LinkModel between(const LinkEnd&, const LinkEnd&) const override {
    throw_bad_input("nothing leaves the machine");
  }
  std::optional<LinkModel> inside_node(std::string_view, int) const override {
    return LinkModel::latency_bandwidth(0, 1e11);
  }
};

TEST_F(Small, PlansOneMachineWithoutANetwork) {
  small_.cluster.network = std::make_shared<NetworkOfOneMachine>();
  small_.add("A", "here", 4);
  const SearchResult result = search();
  ASSERT_FALSE(result.proposals.empty()) << result.infeasible_reason;
  expect_sound(problem(), result);
}

TEST_F(Small, NeedsProfiledMemory) {
  small_.add("A", "here", 4);
  small_.profile.memory.clear();
  EXPECT_THROW(search(), Error);
}

TEST_F(Small, SaysWhatDoesNotFit) {
  small_.add("A", "here", 8, 4e9);
  const SearchResult result = search();
  EXPECT_TRUE(result.proposals.empty());
  EXPECT_THAT(result.infeasible_reason, HasSubstr("the roomiest needs"));
}

TEST_F(Small, StopsAtItsBudget) {
  small_.add("A", "here", 8);
  small_.job.global_batch = 64;
  const SearchResult whole = search();
  ASSERT_GT(whole.evaluations, 1U);
  PlannerOptions options;
  options.max_evaluations = 1;
  const SearchResult part = search(options);
  EXPECT_TRUE(whole.complete);
  EXPECT_FALSE(part.complete);
  EXPECT_EQ(part.evaluations, 1U);
}

TEST_F(Small, NeedsADescriptionOfTheModel) {
  small_.add("A", "here", 8);
  EXPECT_THROW(
      galvatron_planner().search(small_.problem(), estimator_named("sailor"), PlannerOptions{}),
      Error);
}

TEST_F(Small, RefusesBadTablesWithFileAndPlace) {
  const TemporaryFolder tables;
  const std::string folder = "Galvatron/profiles/small/A/";
  const auto refusal = [&] {
    TrainingProblem bad = problem();
    bad.published_tables = tables.path();
    try {
      galvatron_planner().search(bad, estimator_named("sailor"), PlannerOptions{});
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kBadInput);
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  small_.add("A", "here", 8);
  const auto write = [&](const char* name, const char* text) { tables.write(folder + name, text); };

  write("compute_profile.json", R"({"layertype_0": -1})");
  EXPECT_THAT(refusal(), HasSubstr("compute_profile.json at \"/layertype_0\""));
  write("compute_profile.json", R"({"layertype_0": 5})");
  write("memory_profile.json", R"({"layertype_0": {"parameter_size": 5,
        "tp_activation_per_bsz_dict": {"checkpoint": 1}}})");
  EXPECT_THAT(refusal(),
              HasSubstr("memory_profile.json at \"/layertype_0/tp_activation_per_bsz_dict\""));
  write("memory_profile.json", R"({"layertype_0": {"parameter_size": 5,
        "tp_activation_per_bsz_dict": {"1": 8, "2": 4}},
        "other_memory_pp_off": {"model_states": 1, "activation": 1},
        "other_memory_pp_on_first": {"model_states": 1, "activation": 1},
        "other_memory_pp_on_last": {"model_states": 1, "activation": 1}})");
  EXPECT_THAT(refusal(), HasSubstr("hw_prof.json"));
  write("hw_prof.json", R"({"overlap_coe": 1, "allreduce_size_x_consec_1": 1})");
  EXPECT_THAT(refusal(), HasSubstr("hw_prof.json at \"/allreduce_size_x_consec_1\""));
  write("hw_prof.json", R"({"overlap_coe": 1, "allreduce_size_2_consec_1": 1})");
  EXPECT_THAT(refusal(), HasSubstr("bandwidths of groups"));
  write("hw_prof.json", R"({"overlap_coe": 1, "allreduce_size_2_consec_1": 1,
        "allreduce_size_2_consec_0": 0.5})");
  EXPECT_EQ(refusal(), "accepted");
}

}  // namespace
}  // namespace sextant
