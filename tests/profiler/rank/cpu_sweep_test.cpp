// The whole road on the CPU: ranks measure, profile_model keeps, gather_profs merges, sextant
// plans.

#include <algorithm>
#include <cmath>
#include <filesystem>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/json_document.h"
#include "analyzer/model/model_document.h"
#include "analyzer/profile/profile_db.h"
#include "analyzer/profile/serving_profile.h"
#include "tests/cli/run_program.h"
#include "tests/support/project_paths.h"
#include "tests/support/temporary_folder.h"

namespace sextant {
namespace {

using sextant::testing::built_program;
using sextant::testing::ProgramResult;
using sextant::testing::run_program;
using sextant::testing::run_sextant;

const std::string kData = sextant::source_path("tests/data/profiler/");

struct Sweep {
  std::string model;
  std::string collectives;

  friend std::ostream& operator<<(std::ostream& out, const Sweep& sweep) {
    return out << sweep.model << ", collectives " << sweep.collectives;
  }
};

std::string name_of(const ::testing::TestParamInfo<Sweep>& sweep) {
  std::string name = sweep.param.model + "_" + sweep.param.collectives;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

class CpuSweep : public ::testing::TestWithParam<Sweep> {
 protected:
  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }
  std::string model_file() const { return kData + GetParam().model + ".json"; }

  ProgramResult profile(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {built_program("profile_model"),
                                          "--device",
                                          "cpu",
                                          "--model",
                                          model_file(),
                                          "--tp",
                                          "1,2",
                                          "--mbs",
                                          "1,2,4",
                                          "--dtype",
                                          "fp32",
                                          "--collectives",
                                          GetParam().collectives,
                                          "--time-limit",
                                          "0.5",
                                          "--min-samples",
                                          "3",
                                          "--out",
                                          path("points")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    // One thread: the threads of a busy machine wait for each other in every operator.
    return run_program(arguments, {.environment = {{"OMP_NUM_THREADS", "1"}}});
  }

  void check_point(const PointDocument& point) const {
    const ModelDescription model = read_model(model_file());
    LayerOptions options;
    options.tp = point.key.tp;
    options.microbatch = point.key.microbatch;
    EXPECT_EQ(point.evidence, Evidence::kMeasuredCpu);
    EXPECT_EQ(point.collectives_are_timed, point.key.tp == 1 || GetParam().collectives == "real");
    EXPECT_EQ(point.layer_count(), static_cast<int>(layer_sequence(model).size()));
    for (const LayerKindProfile& kind : point.kinds) {
      const bool window = kind.kind == "block_window";
      const LayerKind layer = kind.kind == "embedding"    ? LayerKind::kEmbedding
                              : kind.kind == "final_norm" ? LayerKind::kFinalNorm
                              : kind.kind == "head"       ? LayerKind::kHead
                                                          : LayerKind::kBlock;
      const LayerCost cost = layer_cost(model, layer, options, window ? 1 : 0);
      SCOPED_TRACE(kind.kind);
      EXPECT_EQ(kind.parameter_bytes, cost.parameter_bytes);
      EXPECT_EQ(kind.saved_activation_bytes, cost.saved_activation_bytes);
      EXPECT_GT(kind.forward.median_s, 0);
      EXPECT_GT(kind.update.median_s, 0);
      double forward = 0;
      double backward = 0;
      for (const TensorCollective& collective : kind.collectives) {
        (collective.phase == "forward" ? forward : backward) += collective.bytes;
      }
      const bool recorded = !point.collectives_are_timed;
      EXPECT_EQ(forward, recorded ? cost.tp_all_reduce_bytes_forward : 0);
      EXPECT_EQ(backward, recorded ? cost.tp_all_reduce_bytes_backward : 0);
      ASSERT_TRUE(kind.training_memory);
      EXPECT_EQ(kind.training_memory->gradient_bytes, cost.parameter_bytes);
      EXPECT_GE(kind.training_memory->optimizer_state_bytes, 2 * cost.parameter_bytes);
      double parameters = 0;
      for (const OperatorProfile& op : kind.operators) parameters += op.parameter_bytes;
      EXPECT_EQ(parameters, kind.parameter_bytes);
    }
    ASSERT_TRUE(point.cross_check);
  }

  TemporaryFolder folder_;
};

TEST_P(CpuSweep, IsMeasuredGatheredAndPlannedWith) {
  const ProgramResult swept = profile();
  ASSERT_EQ(swept.exit_code, 0) << swept.out << swept.err;
  const std::string& model = GetParam().model;
  const ProgramResult gathered =
      run_program({built_program("gather_profs"), "--model-name", model, "--gpu-type", "CPU",
                   "--profile-dir", path("points"), "--db", path("db")});
  ASSERT_EQ(gathered.exit_code, 0) << gathered.out << gathered.err;
  const ProfileDatabase database = read_database(database_path(path("db"), model, "CPU"));
  ASSERT_EQ(database.points.size(), 6U);
  std::vector<double> differences;
  for (const auto& [key, entry] : database.points) {
    SCOPED_TRACE(key.text());
    ASSERT_EQ(entry.point.status, PointStatus::kOk) << entry.point.reason;
    check_point(entry.point);
    differences.push_back(std::abs(entry.point.cross_check->relative_difference()));
  }
  // Other work on the machine decides how close a point is; the benchmark has the strict bar.
  std::nth_element(differences.begin(), differences.begin() + 3, differences.end());
  EXPECT_LT(differences[3], 0.5);

  const std::string job = folder_.write("job.json", fmt::format(R"({{
    "schema": "sextant/job/1.0", "name": "tiny", "model": "{}", "global_batch": 16,
    "seq_len": 64, "optimizer": "adam", "dtype": "fp32", "objective": "throughput"}})",
                                                                model_file()));
  const ProgramResult planned = run_sextant({"plan", "--cluster", kData + "cpu-node.json", "--job",
                                             job, "--profiles", path("db"), "--json"});
  ASSERT_EQ(planned.exit_code, 0) << planned.err;
  const JsonDocument plans = JsonDocument::parse(planned.out, "plans");
  const JsonNode best = plans.root().at("plans").at(0);
  EXPECT_GT(best.at("throughput_iters_per_s").number(), 0);
  EXPECT_EQ(best.at("evidence").string(), "measured-cpu");
}

struct Variant {
  std::string name;
  std::vector<std::string> options;

  friend std::ostream& operator<<(std::ostream& out, const Variant& variant) {
    return out << variant.name;
  }
};

class CpuVariants : public ::testing::TestWithParam<Variant> {};

// Every option in one process: the times are not looked at, the documents are.
TEST_P(CpuVariants, AreMeasured) {
  TemporaryFolder folder;
  for (const std::string model : {"tiny-llama", "tiny-opt"}) {
    std::vector<std::string> arguments = {built_program("profile_model"),
                                          "--device",
                                          "cpu",
                                          "--model",
                                          kData + model + ".json",
                                          "--tp",
                                          "1,2",
                                          "--mbs",
                                          "2",
                                          "--time-limit",
                                          "0.05",
                                          "--min-samples",
                                          "1",
                                          "--no-operators",
                                          "--out",
                                          (folder.path() / model).string()};
    arguments.insert(arguments.end(), GetParam().options.begin(), GetParam().options.end());
    const ProgramResult swept = run_program(arguments, {.environment = {{"OMP_NUM_THREADS", "1"}}});
    ASSERT_EQ(swept.exit_code, 0) << swept.out << swept.err;
    EXPECT_THAT(swept.out, ::testing::HasSubstr(GetParam().name));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Options, CpuVariants,
    ::testing::Values(
        Variant{"bf16", {"--dtype", "bf16"}}, Variant{"fp32-sgd", {"--optimizer", "sgd"}},
        Variant{"fp32-recompute", {"--recompute"}},
        Variant{"fp32-recompute-sp",
                {"--recompute", "--sequence-parallel", "--collectives", "real"}},
        Variant{"bf16-sp", {"--dtype", "bf16", "--sequence-parallel", "--collectives", "recorded"}},
        Variant{"fp16", {"--dtype", "fp16"}}),
    [](const auto& variant) {
      std::string name = variant.param.name;
      std::replace(name.begin(), name.end(), '-', '_');
      return name;
    });

TEST(CpuServing, IsMeasuredAndGathered) {
  TemporaryFolder folder;
  const std::string points = (folder.path() / "points").string();
  const ProgramResult served = run_program({built_program("profile_model"),
                                            "--device",
                                            "cpu",
                                            "--model",
                                            kData + "tiny-llama.json",
                                            "--mode",
                                            "serve",
                                            "--tp",
                                            "1,2",
                                            "--collectives",
                                            "recorded",
                                            "--prefill-tokens",
                                            "1,32",
                                            "--decode-batches",
                                            "1,4",
                                            "--decode-contexts",
                                            "16",
                                            "--time-limit",
                                            "0.05",
                                            "--min-samples",
                                            "1",
                                            "--out",
                                            points},
                                           {.environment = {{"OMP_NUM_THREADS", "1"}}});
  ASSERT_EQ(served.exit_code, 0) << served.out << served.err;
  const JsonDocument document =
      JsonDocument::read(points + "/fp32/serving_profile_tiny-llama_CPU_2.json");
  const ServingDocument two = read_serving_document(document);
  const ModelDescription model = read_model(kData + "tiny-llama.json");
  LayerOptions options;
  options.tp = 2;
  const ServingLayerProfile& block = two.kinds.at(1);
  EXPECT_EQ(block.weight_bytes, layer_cost(model, LayerKind::kBlock, options).parameter_bytes);
  // Keys and values of the rank's two of four heads, 16 wide, 4 bytes each.
  EXPECT_EQ(block.kv_bytes_per_token, 2 * 2 * 16 * 4);
  EXPECT_EQ(block.prefill.size(), 2U);
  EXPECT_EQ(block.decode.size(), 2U);
  // Two all-reduces of the hidden state a pass.
  ASSERT_EQ(block.collectives.size(), 4U);
  EXPECT_EQ(block.collectives.front().bytes_per_token, model.hidden * 4.0);
  const ProgramResult gathered =
      run_program({built_program("gather_profs"), "--model-name", "tiny-llama", "--gpu-type", "CPU",
                   "--profile-dir", points, "--db", (folder.path() / "db").string()});
  EXPECT_EQ(gathered.exit_code, 0) << gathered.out << gathered.err;
}

INSTANTIATE_TEST_SUITE_P(Models, CpuSweep,
                         ::testing::Values(Sweep{"tiny-llama", "real"},
                                           Sweep{"tiny-llama", "recorded"},
                                           Sweep{"tiny-opt", "real"}, Sweep{"tiny-opt", "recorded"},
                                           Sweep{"tiny-gpt-neo", "real"},
                                           Sweep{"tiny-gpt-neo", "recorded"}),
                         name_of);

}  // namespace
}  // namespace sextant
