// Estimator `sextant`, memory: worked by hand, as properties, and against published measurements.
#include <algorithm>
#include <cmath>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "analyzer/core/error.h"
#include "analyzer/plan/schedule.h"
#include "analyzer/profile/sailor_format.h"
#include "analyzer/training/sextant/memory.h"
#include "tests/support/reference_data.h"
#include "tests/support/small_problem.h"

namespace sextant {
namespace {

using testing::HasSubstr;

Replica replica(int tp) {
  return {{{"A", "a", -1, tp}}, tp, 0};
}

/// `stages` equal stages of `replicas` replicas at tensor degree `tp`, for SmallProblem's layers.
Plan plan_of(int stages, int replicas, int tp) {
  Plan plan;
  plan.model = "small";
  plan.layer_count = SmallProblem::kLayers;
  plan.global_batch = 64;
  plan.microbatch = 1;
  Pipeline& pipeline = plan.pipelines.emplace_back();
  const int layers = SmallProblem::kLayers / stages;
  for (int s = 0; s < stages; ++s) {
    pipeline.stages.push_back(
        {{{s * layers, (s + 1) * layers}},
         std::vector<Replica>(static_cast<std::size_t>(replicas), replica(tp))});
  }
  return plan;
}

std::map<std::string, double> terms_of(const RankMemory& memory) {
  std::map<std::string, double> out;
  for (const MemoryTerm& term : memory.terms) {
    EXPECT_FALSE(term.source.empty()) << term.name;
    EXPECT_TRUE(out.emplace(term.name, term.bytes).second) << term.name << " twice";
  }
  return out;
}

double sum_of_terms(const RankMemory& memory) {
  double sum = 0;
  for (const MemoryTerm& term : memory.terms) sum += term.bytes;
  return sum;
}

struct SextantMemory : testing::Test {
  SextantMemory() { small.measure("A", 1, {1, 2, 4}); }

  RankMemory memory(const Plan& plan, int stage, int microbatches) const {
    const TrainingProblem problem = {small.job, small.profile, small.cluster, calibration};
    return rank_memory({problem, plan, 0, stage, 0, microbatches, tied_table_bytes});
  }
  std::string complaint(const Plan& plan) const {
    try {
      memory(plan, 0, 4);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kBadInput);
      return error.what();
    }
    return "nothing";
  }
  /// What a profiler that trained the layers would say of each.
  void measure_memory(const TrainingMemory& training) {
    for (auto& [tp, layers] : small.profile.memory) {
      for (LayerMemory& layer : layers) layer.training = training;
    }
  }

  SmallProblem small;
  Calibration calibration;
  double tied_table_bytes = 0;
};

// A layer has 100 MB of weights, saves 1 GB and sends 20 MB; two layers a stage, fp32, Adam.
// Stage 0 holds two microbatches. In the backward of its layer 1 both are there, and 2 * 1 GB of
// gradients; one gradient comes in: 20 MB.
TEST_F(SextantMemory, FirstStageByHand) {
  const RankMemory first = memory(plan_of(2, 1, 1), 0, 4);
  const std::map<std::string, double> expected = {
      {"weights", 0.2e9}, {"gradients", 0.2e9}, {"optimizer state", 0.4e9}, {"activations", 4e9},
      {"workspace", 2e9}, {"messages", 0.02e9}, {"process", 1.5e9},
  };
  EXPECT_EQ(terms_of(first), expected);
  EXPECT_DOUBLE_EQ(first.static_bytes, 2.3e9);
  EXPECT_DOUBLE_EQ(first.expected_bytes, 8.32e9);
  EXPECT_DOUBLE_EQ(first.bound_bytes, 8.32e9 + 0.5e9 + 0.08 * 6.02e9);
  EXPECT_EQ(first.fullest, "backward of microbatch 0");
  ASSERT_EQ(first.chunks.size(), 1U);
  EXPECT_DOUBLE_EQ(first.chunks[0].held_bytes, 2e9);
  EXPECT_DOUBLE_EQ(first.chunks[0].forward_peak_bytes, 2.02e9);
  EXPECT_DOUBLE_EQ(first.chunks[0].backward_peak_bytes, 2.02e9);
  EXPECT_EQ(first.update_bytes, 0);
}

// Stage 1 holds one microbatch, and the activation that it received. The head's backward has 1.5
// GB beside all 2 GB; that of layer 2 would have 2 GB beside 1 GB.
TEST_F(SextantMemory, LastStageByHand) {
  const RankMemory last = memory(plan_of(2, 1, 1), 1, 4);
  const std::map<std::string, double> expected = {
      {"weights", 0.2e9},
      {"gradients", 0.2e9},
      {"optimizer state", 0.4e9},
      {"activations", 2e9},
      {"boundary activations", 0.02e9},
      {"workspace", 1.5e9},
      {"messages", 0.02e9},
      {"process", 1.5e9},
  };
  EXPECT_EQ(terms_of(last), expected);
}

// What a profiler measured replaces the formulas: 0.11 GB of gradients, 0.3 GB of state, a backward
// with 0.5 GB (and the 20 MB gradient of its output), a forward with 0.4 GB. Saved then holds a
// layer's input, and what a stage sends on is kept beside: 20 MB a microbatch.
TEST_F(SextantMemory, TakesWhatWasMeasured) {
  measure_memory({0.11e9, 0.3e9, 0.4e9, 0.5e9, 0.05e9, 0});
  const std::map<std::string, double> expected = {
      {"weights", 0.2e9},
      {"gradients", 0.22e9},
      {"optimizer state", 0.6e9},
      {"activations", 4e9},
      {"boundary activations", 0.04e9},
      {"workspace", 0.52e9},
      {"messages", 0.02e9},
      {"process", 1.5e9},
  };
  const RankMemory first = memory(plan_of(2, 1, 1), 0, 4);
  EXPECT_EQ(terms_of(first), expected);
  EXPECT_DOUBLE_EQ(first.update_bytes, 0.05e9);
  for (const MemoryTerm& term : first.terms) {
    if (term.name == "gradients" || term.name == "workspace") {
      EXPECT_EQ(term.source, "measured in the profile");
    }
  }
  // The profile was taken with Adam: it says nothing of SGD's momentum.
  small.job.optimizer = Optimizer::kSgd;
  EXPECT_DOUBLE_EQ(terms_of(memory(plan_of(2, 1, 1), 0, 4))["optimizer state"], 0.2e9);
}

// One GPU, one microbatch, all measured: state, everything saved, and the largest of a forward's
// and a backward's workspace, as profile/step_peak.h adds it up.
TEST_F(SextantMemory, OneGpuIsTheProfiledStep) {
  measure_memory({0.1e9, 0.2e9, 0.7e9, 0.5e9, 0.05e9, 0});
  calibration.process_bytes = 0;
  EXPECT_DOUBLE_EQ(memory(plan_of(1, 1, 1), 0, 1).expected_bytes, 4 * 0.4e9 + 4e9 + 0.02e9 + 0.7e9);
  EXPECT_EQ(memory(plan_of(1, 1, 1), 0, 1).fullest, "forward of microbatch 0");
}

TEST_F(SextantMemory, AnUpdateMayBeTheFullestMoment) {
  measure_memory({0.1e9, 0.2e9, 0, 0, 50e9, 0});
  const RankMemory whole = memory(plan_of(1, 1, 1), 0, 1);
  EXPECT_EQ(whole.fullest, "update");
  EXPECT_DOUBLE_EQ(terms_of(whole)["update workspace"], 50e9);
  EXPECT_EQ(terms_of(whole).count("activations"), 0U);
  EXPECT_DOUBLE_EQ(sum_of_terms(whole), whole.expected_bytes);
}

// bf16: 50 M parameters a layer of 2 bytes; fp32 weights and two moments are 12 bytes each, and the
// update has fp32 gradients of one layer.
TEST_F(SextantMemory, HalfPrecisionKeepsExactWeights) {
  small.job.dtype = DataType::kBf16;
  const RankMemory first = memory(plan_of(2, 1, 1), 0, 4);
  EXPECT_DOUBLE_EQ(terms_of(first)["weights"], 0.2e9);
  EXPECT_DOUBLE_EQ(terms_of(first)["gradients"], 0.2e9);
  EXPECT_DOUBLE_EQ(terms_of(first)["optimizer state"], 1.2e9);
  EXPECT_DOUBLE_EQ(first.update_bytes, 0.2e9);
  small.job.optimizer = Optimizer::kSgd;
  EXPECT_DOUBLE_EQ(terms_of(memory(plan_of(2, 1, 1), 0, 4))["optimizer state"], 0.8e9);
}

// DeepSpeed in fp32: 24 bytes a parameter, of which 8 are copies and buffers.
TEST_F(SextantMemory, FrameworksKeepCopies) {
  small.job.framework = "deepspeed";
  const RankMemory first = memory(plan_of(2, 1, 1), 0, 4);
  EXPECT_DOUBLE_EQ(terms_of(first)["communication buffer and copies"], 0.4e9);
  EXPECT_DOUBLE_EQ(first.static_bytes - calibration.process_bytes, 24 * 0.2e9 / 4);
}

// Four replicas. Stage 1 divides the optimizer state of 0.8 GB (Rajbhandari et al., P_os), 2 the
// 0.4 GB of gradients too, 3 the weights; the largest layer's other three quarters come and go.
TEST_F(SextantMemory, ZeroDividesState) {
  Plan plan = plan_of(1, 4, 1);
  std::vector<std::map<std::string, double>> by_stage;
  for (plan.zero_stage = 0; plan.zero_stage <= 3; ++plan.zero_stage) {
    by_stage.push_back(terms_of(memory(plan, 0, 4)));
  }
  EXPECT_DOUBLE_EQ(by_stage[0]["optimizer state"], 0.8e9);
  EXPECT_DOUBLE_EQ(by_stage[1]["optimizer state"], 0.2e9);
  EXPECT_DOUBLE_EQ(by_stage[1]["gradients"], 0.4e9);
  EXPECT_EQ(by_stage[1].count("gathered gradients"), 0U);
  EXPECT_DOUBLE_EQ(by_stage[2]["gradients"], 0.1e9);
  EXPECT_DOUBLE_EQ(by_stage[2]["gathered gradients"], 0.075e9);
  EXPECT_DOUBLE_EQ(by_stage[2]["weights"], 0.4e9);
  EXPECT_EQ(by_stage[2].count("gathered weights"), 0U);
  EXPECT_DOUBLE_EQ(by_stage[3]["weights"], 0.1e9);
  EXPECT_DOUBLE_EQ(by_stage[3]["gathered weights"], 0.075e9);
}

// Replicas of a second pipeline hold the layers too, however it cuts them.
TEST_F(SextantMemory, ZeroCountsReplicasOfAllPipelines) {
  Plan plan = plan_of(1, 1, 1);
  plan.pipelines.push_back(plan_of(2, 3, 2).pipelines.front());
  plan.zero_stage = 1;
  EXPECT_DOUBLE_EQ(terms_of(memory(plan, 0, 4))["optimizer state"], 0.2e9);
}

// Blocks 1 and 2 keep their 20 MB output (their input is the layer's before), the embedding and
// the head all. A block's backward makes 0.98 GB again, beside 2 GB of gradients; but the head's
// backward, with 1 GB + 1.5 GB, is not the fullest: block 2's has 1.04 + 0.98 + 2.
TEST_F(SextantMemory, RecomputationKeepsInputs) {
  Plan plan = plan_of(1, 1, 1);
  plan.recompute = true;
  const std::map<std::string, double> expected = {
      {"weights", 0.4e9},
      {"gradients", 0.4e9},
      {"optimizer state", 0.8e9},
      {"activations", 1e9 + 2 * 0.02e9},
      {"recomputed activations", 0.98e9},
      {"workspace", 2e9},
      {"process", 1.5e9},
  };
  EXPECT_EQ(terms_of(memory(plan, 0, 1)), expected);
  // A profile that was taken with recomputation has it in its figures.
  small.profile.recompute = true;
  EXPECT_EQ(terms_of(memory(plan, 0, 1)).count("recomputed activations"), 0U);
  plan.recompute = false;
  EXPECT_THAT(complaint(plan), HasSubstr("measured with recomputation"));
}

// The embedding's table of 60 MB is the head's 100 MB less 40: one copy of it, its gradient and
// state where both stand on one stage.
TEST_F(SextantMemory, ATiedTableIsThereOnce) {
  tied_table_bytes = 0.06e9;
  EXPECT_DOUBLE_EQ(terms_of(memory(plan_of(1, 1, 1), 0, 4))["weights"], 0.34e9);
  EXPECT_DOUBLE_EQ(terms_of(memory(plan_of(1, 1, 1), 0, 4))["gradients"], 0.34e9);
  EXPECT_DOUBLE_EQ(terms_of(memory(plan_of(1, 1, 1), 0, 4))["optimizer state"], 0.68e9);
  EXPECT_DOUBLE_EQ(terms_of(memory(plan_of(2, 1, 1), 1, 4))["weights"], 0.2e9);
}

// Two stages of two chunks of one layer: layers 0 and 2 on stage 0. It runs (S - s - 1) * 2 +
// (chunks - 1) * S = 4 forwards first and then one more: 5 times 1 GB, and 20 MB for each of layer
// 2's, which came from stage 1.
TEST_F(SextantMemory, InterleavedChunksAreCountedApart) {
  Plan plan = plan_of(2, 1, 1);
  plan.schedule = ScheduleKind::kInterleaved;
  plan.pipelines[0].stages[0].chunks = {{0, 1}, {2, 3}};
  plan.pipelines[0].stages[1].chunks = {{1, 2}, {3, 4}};
  const RankMemory first = memory(plan, 0, 4);
  EXPECT_DOUBLE_EQ(terms_of(first)["activations"], 5e9);
  EXPECT_DOUBLE_EQ(terms_of(first)["boundary activations"], 2 * 0.02e9);
  EXPECT_DOUBLE_EQ(first.chunks[0].held_bytes, 1e9);
  EXPECT_DOUBLE_EQ(first.chunks[1].held_bytes, 1.02e9);
  EXPECT_EQ(first.fullest, "backward of microbatch 0, chunk 1");
}

TEST_F(SextantMemory, NamesWhatIsMissing) {
  EXPECT_THAT(complaint(plan_of(1, 1, 3)), HasSubstr("3"));
  Plan plan = plan_of(1, 1, 1);
  plan.layer_count = 3;
  EXPECT_THAT(complaint(plan), HasSubstr("has 3 layers, the profile of \"small\" has 4"));
}

/// A plan of SmallProblem's model with anything that memory depends on.
struct AnyCase {
  Plan plan;
  int stage = 0;
  int microbatches = 1;
};
AnyCase any_case() {
  const int stages = *rc::gen::element(1, 2, 4);
  AnyCase out;
  out.plan = plan_of(stages, *rc::gen::inRange(1, 5), *rc::gen::element(1, 2, 4));
  out.plan.microbatch = *rc::gen::inRange(1, 9);
  out.plan.schedule =
      *rc::gen::element(ScheduleKind::kGPipe, ScheduleKind::kOneFOneB, ScheduleKind::kZeroBubbleH1);
  out.plan.recompute = *rc::gen::arbitrary<bool>();
  out.plan.zero_stage = *rc::gen::inRange(0, 4);
  out.stage = *rc::gen::inRange(0, stages);
  out.microbatches = *rc::gen::inRange(1, 33);
  return out;
}

RC_GTEST_FIXTURE_PROP(SextantMemory, TermsAddUp, ()) {
  const AnyCase any = any_case();
  const RankMemory whole = memory(any.plan, any.stage, any.microbatches);
  RC_ASSERT(std::abs(sum_of_terms(whole) - whole.expected_bytes) < 1);
  for (const MemoryTerm& term : whole.terms) RC_ASSERT(term.bytes > 0);
  RC_ASSERT(whole.bound_bytes >= whole.expected_bytes);
}

// Who adds up the parts along the program finds the same peak.
RC_GTEST_FIXTURE_PROP(SextantMemory, PartsGiveThePeak, ()) {
  const AnyCase any = any_case();
  const RankMemory whole = memory(any.plan, any.stage, any.microbatches);
  const auto program =
      stage_program(any.plan.schedule, any.stage,
                    static_cast<int>(any.plan.pipelines[0].stages.size()), any.microbatches);
  double held = whole.static_bytes;
  double peak = held + whole.update_bytes;
  for (const Task& task : program) {
    const ChunkMemory& chunk = whole.chunks[0];
    if (task.work == Work::kForward) {
      peak = std::max(peak, held + chunk.forward_peak_bytes);
      held += chunk.held_bytes;
      continue;
    }
    peak = std::max(peak, held + chunk.backward_peak_bytes);
    if (task.work != Work::kBackwardInput) held -= chunk.held_bytes;
  }
  RC_ASSERT(std::abs(held - whole.static_bytes) < 1);
  RC_ASSERT(std::abs(peak - whole.expected_bytes) < 1);
}

RC_GTEST_FIXTURE_PROP(SextantMemory, NeverMoreInFlightThanThereAre, ()) {
  const AnyCase any = any_case();
  const RankMemory whole = memory(any.plan, any.stage, any.microbatches);
  const RankMemory one = memory(any.plan, any.stage, 1);
  const auto stages = static_cast<int>(any.plan.pipelines[0].stages.size());
  const int in_flight =
      peak_in_flight(stage_program(any.plan.schedule, any.stage, stages, any.microbatches));
  const double more = (in_flight - 1) * one.chunks[0].held_bytes;
  RC_ASSERT(in_flight <= any.microbatches);
  RC_ASSERT(std::abs(whole.expected_bytes - one.expected_bytes - more) < 1);
}

RC_GTEST_FIXTURE_PROP(SextantMemory, MoreZeroIsNeverMoreMemory, ()) {
  AnyCase any = any_case();
  double before = HUGE_VAL;
  for (any.plan.zero_stage = 0; any.plan.zero_stage <= 3; ++any.plan.zero_stage) {
    const double now = memory(any.plan, any.stage, any.microbatches).expected_bytes;
    RC_ASSERT(now <= before + 1);
    before = now;
  }
}

/// One published measurement and what is predicted of it without the process constant.
struct Row {
  std::string configuration;
  bool suspicious = false;
  double measured = 0;
  double expected = 0;  ///< without process_bytes
  double bound = 0;     ///< without process_bytes and its spread
};

std::vector<Row> published_rows(const std::filesystem::path& data) {
  ModelProfile profile = read_sailor_simulator_profile(data, "OPT-350", {"GH-96"});
  Job job;
  job.model = "OPT-350";
  job.framework = "deepspeed";
  const Cluster cluster;
  Calibration none;
  none.process_bytes = 0;
  none.process_bytes_spread = 0;
  const TrainingProblem problem = {job, profile, cluster, none};
  std::vector<Row> rows;
  for (const char* set : {"sailor/Planner/simulations/validation/clariden/OPT-350",
                          "extra/validation/clariden_ae_collected/OPT-350"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(data / set)) {
      if (!entry.is_regular_file()) continue;
      const JsonDocument document = JsonDocument::read(entry.path());
      const Plan plan = plan_from_artifact_json(document.root(), job.model, profile.layer_count,
                                                document.root().at("gbs").count());
      Row row;
      row.configuration = entry.path().stem();
      row.suspicious = std::string(set).starts_with("extra") &&
                       row.configuration.find("N32_D8") != std::string::npos;
      row.measured = document.root().at("max_mem").positive();
      const auto& stages = plan.pipelines[0].stages;
      const auto replicas = static_cast<int>(stages[0].replicas.size());
      const int microbatches =
          (plan.global_batch + plan.microbatch * replicas - 1) / (plan.microbatch * replicas);
      for (int s = 0; s < static_cast<int>(stages.size()); ++s) {
        const RankMemory rank = rank_memory({problem, plan, 0, s, 0, microbatches});
        row.expected = std::max(row.expected, rank.expected_bytes);
        row.bound = std::max(row.bound, rank.bound_bytes);
      }
      rows.push_back(row);
    }
  }
  return rows;
}

/// The value below which share `share` of the values lie, between neighbours linearly.
double quantile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  const double place = share * static_cast<double>(values.size() - 1);
  const auto low = static_cast<std::size_t>(place);
  const double high = values[std::min(low + 1, values.size() - 1)];
  return values[low] + (high - values[low]) * (place - static_cast<double>(low));
}

// Figure 5a: the 30 measurements of both sets. The process constant is the median of the other
// configurations' residuals, its spread reaches to their 90th percentile; the row whose memory is
// another's copy is predicted like all, but fitted to by none.
TEST(SextantMemoryPublished, FigureFiveA) {
  const auto data = reference_data("sailor");
  SEXTANT_NEEDS(data);
  const std::vector<Row> rows = published_rows(data);
  ASSERT_EQ(rows.size(), 30U);
  double error = 0;
  double above = 0;
  for (const Row& row : rows) {
    std::vector<double> residuals;
    for (const Row& other : rows) {
      if (other.configuration == row.configuration || other.suspicious) continue;
      residuals.push_back(other.measured - other.expected);
    }
    const double process = quantile(residuals, 0.5);
    const double spread = quantile(residuals, 0.9) - process;
    const double bound = (row.bound + process + spread) / row.measured;
    error += std::abs((row.expected + process) / row.measured - 1);
    above += bound - 1;
    EXPECT_GT(bound, 1) << row.configuration;
    EXPECT_LT(bound, 1.25) << row.configuration;
  }
  const auto count = static_cast<double>(rows.size());
  RecordProperty("mean_error_percent", std::to_string(100 * error / count));
  RecordProperty("mean_bound_percent", std::to_string(100 * above / count));
  EXPECT_LT(error / count, 0.026);
  EXPECT_LT(above / count, 0.10);
}

}  // namespace
}  // namespace sextant
