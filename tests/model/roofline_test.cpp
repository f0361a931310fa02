#include "analyzer/profile/roofline.h"

#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "analyzer/core/json_document.h"
#include "analyzer/model/zoo.h"
#include "tests/support/project_paths.h"

namespace sextant {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<int> degrees(const ModelProfile& profile) {
  std::vector<int> out;
  for (const auto& [tp, memory] : profile.memory) out.push_back(tp);
  return out;
}

TEST(Roofline, CoversTheGridAndIsMarkedAsAnEstimate) {
  const ModelProfile profile = estimate_profile(zoo_model("Llama-3-8B"), gpu_named("H100-80"));
  EXPECT_EQ(profile.model, "Llama-3-8B");
  EXPECT_EQ(profile.variant, "bf16");
  EXPECT_EQ(profile.layer_count, 35);
  EXPECT_FALSE(profile.update_is_whole_step);
  EXPECT_THAT(degrees(profile), ElementsAre(1, 2, 4, 8));
  EXPECT_EQ(profile.points.size(), 16U);
  for (const auto& [key, point] : profile.points) {
    EXPECT_EQ(point.evidence, Evidence::kEstimated);
    EXPECT_THAT(point.source, HasSubstr("data sheet of H100-80"));
    ASSERT_EQ(point.layers.size(), 35U);
    for (const LayerTime& time : point.layers) {
      EXPECT_GT(time.forward_s, 0);
      EXPECT_GT(time.backward_s, 0);
      EXPECT_GT(time.update_s, 0);
    }
  }
  for (const auto& [tp, memory] : profile.memory) EXPECT_EQ(memory.size(), 35U);
}

/// A block of GPT-3 on an A100 at one sequence: its products are 24 h² s FLOPs at 75 % of 312
/// TFLOP/s, 31.7 ms, attention 2 s² h at half, 0.66 ms; pointwise operators move 10 s h and more.
TEST(Roofline, IsBoundByProductsWhereTheyAreLarge) {
  RooflineOptions options;
  options.tensor_degrees = {1};
  options.microbatches = {1};
  const ModelProfile profile =
      estimate_profile(zoo_model("GPT-3-175B"), gpu_named("A100-40"), options);
  const double h = 12288;
  const double s = 2048;
  const double products = 24 * h * h * s / (312e12 * 0.75);
  const double attention = 2 * s * s * h / (312e12 * 0.5);
  const double block = profile.points.at({"A100-40", 1, 1}).layers[1].forward_s;
  EXPECT_GT(block, products + attention);
  EXPECT_LT(block, 1.05 * (products + attention));
}

TEST(Roofline, FallsWithTheDegreeAndGrowsWithTheMicrobatch) {
  const ModelProfile profile = estimate_profile(zoo_model("Llama-2-70B"), gpu_named("A100-80"));
  const auto block = [&](int tp, int microbatch) {
    return profile.points.at({"A100-80", tp, microbatch}).layers[1];
  };
  for (const int tp : {1, 2, 4}) {
    EXPECT_GT(block(tp, 4).forward_s, block(2 * tp, 4).forward_s);
    EXPECT_LT(block(tp, 4).forward_s, 2 * block(2 * tp, 4).forward_s);
    EXPECT_LT(block(tp, 1).backward_s, block(tp, 2).backward_s);
    EXPECT_GT(block(tp, 1).update_s, block(2 * tp, 1).update_s);
  }
  EXPECT_GT(block(1, 1).backward_s, 1.9 * block(1, 1).forward_s);
}

TEST(Roofline, SlowLinksMakeTensorParallelismSlow) {
  RooflineOptions fast;
  fast.tensor_degrees = {8};
  fast.microbatches = {4};
  RooflineOptions slow = fast;
  slow.link_bytes_per_s = 10e9;
  const ModelDescription model = zoo_model("Llama-3-8B");
  const GpuSpec gpu = gpu_named("A100-80");
  const auto time = [&](const RooflineOptions& options) {
    return estimate_profile(model, gpu, options).points.at({"A100-80", 8, 4}).layers[1].forward_s;
  };
  // Two all-reduces of 4 * 8192 * 4096 bf16 elements: 14 steps of an eighth at 80 % of 10 GB/s.
  const double bytes = 2.0 * 4 * 8192 * 4096;
  EXPECT_NEAR(time(slow) - time(fast), 2 * 14 * bytes / 8 * (1 / 8e9 - 1 / 240e9), 1e-9);
}

TEST(Roofline, RecomputationTradesMemoryForTime) {
  RooflineOptions plain;
  plain.microbatches = {1};
  RooflineOptions recompute = plain;
  recompute.recompute = true;
  const ModelDescription model = zoo_model("Llama-3-8B");
  const ModelProfile a = estimate_profile(model, gpu_named("A100-80"), plain);
  const ModelProfile b = estimate_profile(model, gpu_named("A100-80"), recompute);
  EXPECT_EQ(b.variant, "bf16-recompute");
  const LayerTime& time = a.points.at({"A100-80", 1, 1}).layers[1];
  EXPECT_DOUBLE_EQ(b.points.at({"A100-80", 1, 1}).layers[1].backward_s,
                   time.backward_s + time.forward_s);
  EXPECT_EQ(b.memory.at(1)[1].saved_activation_bytes, b.memory.at(1)[1].input_bytes);
}

TEST(Roofline, RefusesWhatTheGpuCannotCompute) {
  RooflineOptions options;
  options.dtype = DataType::kBf16;
  try {
    estimate_profile(zoo_model("OPT-350M"), gpu_named("V100-16"), options);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadInput);
    EXPECT_THAT(error.what(), HasSubstr("does not compute in bf16; it does in fp32, fp16"));
  }
  options.dtype = DataType::kFp16;
  options.tensor_degrees = {3};
  EXPECT_THROW(estimate_profile(zoo_model("OPT-350M"), gpu_named("V100-16"), options), Error);
}

std::filesystem::path published_profile() {
  const char* chosen = std::getenv("SEXTANT_DATA");
  const std::filesystem::path data =
      chosen != nullptr ? chosen : sextant::source_path("../shared/data");
  return data / "sailor/sailor/Planner/sailor_planner/profiles/OPT-350/A100-40/profile.json";
}

/// The artifact's OPT-350 blocks, measured on an A100-40 in "fp32". They run faster than the 19.5
/// TFLOP/s of its CUDA cores allow (51.5 GFLOP of products alone in 2.3 ms), so their products ran
/// in TF32; and their attention was not fused: it moved fp32 scores of 2048² several times, which
/// the estimate does not. So the estimate in TF32 is too fast, 0.20 to 0.34 of the measured, and in
/// fp32 too slow, 1.2 to 1.8 times (0.9 times at tp 4 and microbatch 1, where launches dominate).
TEST(Roofline, IsOfTheOrderOfAPublishedMeasurement) {
  if (!std::filesystem::exists(published_profile())) {
    const char* require = std::getenv("SEXTANT_REQUIRE_DATA");
    if (require != nullptr && std::string(require) == "1") {
      FAIL() << published_profile() << " is required and absent";
    }
    GTEST_SKIP() << published_profile() << " is absent";
  }
  const JsonDocument published = JsonDocument::read(published_profile());
  RooflineOptions options;
  options.tensor_degrees = {1, 2, 4};
  const ModelDescription model = zoo_model("OPT-350M");
  const GpuSpec gpu = gpu_named("A100-40");
  options.dtype = DataType::kFp32;
  const ModelProfile fp32 = estimate_profile(model, gpu, options);
  options.dtype = DataType::kTf32;
  const ModelProfile tf32 = estimate_profile(model, gpu, options);
  for (const int tp : options.tensor_degrees) {
    for (const int microbatch : options.microbatches) {
      const JsonNode block =
          published.root().at(std::to_string(microbatch)).at(std::to_string(tp)).at("2");
      const double measured =
          block.at(std::size_t{0}).positive() + block.at(std::size_t{1}).positive();
      const auto ratio = [&](const ModelProfile& profile) {
        const LayerTime& time = profile.points.at({"A100-40", tp, microbatch}).layers[2];
        return (time.forward_s + time.backward_s) / measured;
      };
      RecordProperty("tp" + std::to_string(tp) + "_mbs" + std::to_string(microbatch),
                     std::to_string(ratio(fp32)) + " " + std::to_string(ratio(tf32)));
      EXPECT_GT(ratio(fp32), 1 / 2.5) << tp << ' ' << microbatch;
      EXPECT_LT(ratio(fp32), 2.5) << tp << ' ' << microbatch;
      EXPECT_LT(ratio(tf32), 1) << tp << ' ' << microbatch;
    }
  }
}

GpuSpec toy_gpu(double flops_per_s, double bytes_per_s) {
  GpuSpec gpu;
  gpu.name = "toy";
  gpu.peak_flops[DataType::kBf16] = flops_per_s;
  gpu.memory_bandwidth_bytes_per_s = bytes_per_s;
  return gpu;
}

LayerOptions two_sequences_in_bf16() {
  LayerOptions options;
  options.dtype = DataType::kBf16;
  options.microbatch = 2;
  return options;
}

/// With memory of no cost, a block of GPT-3 takes the 24 t h² of its products and the 2 t s h of
/// causal attention, whose backward is twice and two and a half times as much.
TEST(LayerRoofline, OfFastMemoryIsTheWorkAtFullPeak) {
  const double h = 12288;
  const double s = 2048;
  const double t = 2 * s;
  const LayerRoofline block = layer_roofline(zoo_model("GPT-3-175B"), LayerKind::kBlock,
                                             two_sequences_in_bf16(), toy_gpu(1e15, 1e30));
  EXPECT_NEAR(block.forward_s, (24 * t * h * h + 2 * t * s * h) / 1e15, 1e-9);
  EXPECT_NEAR(block.backward_s, (48 * t * h * h + 5 * t * s * h) / 1e15, 1e-9);
}

/// With products of no cost, the final norm takes its reading and writing of t h bf16 elements.
TEST(LayerRoofline, OfFastProductsIsTheTrafficOfDeviceMemory) {
  const double bytes = 2.0 * 2 * 2048 * 12288;
  const LayerRoofline norm = layer_roofline(zoo_model("GPT-3-175B"), LayerKind::kFinalNorm,
                                            two_sequences_in_bf16(), toy_gpu(1e30, 1e12));
  EXPECT_NEAR(norm.forward_s, 2 * bytes / 1e12, 1e-7);
  EXPECT_GE(norm.backward_s, 3 * bytes / 1e12) << "input, its gradient and the output's";
}

TEST(LayerRoofline, IsBelowEveryEstimateAndCountsRecomputation) {
  const ModelDescription model = zoo_model("Llama-3-8B");
  const GpuSpec gpu = gpu_named("H200-141");
  for (const int tp : {1, 8}) {
    RooflineOptions grid;
    grid.tensor_degrees = {tp};
    grid.microbatches = {1};
    const ModelProfile estimate = estimate_profile(model, gpu, grid);
    const std::vector<LayerKind> kinds = layer_sequence(model);
    LayerOptions options;
    options.dtype = DataType::kBf16;
    options.tp = tp;
    for (std::size_t i = 0; i < kinds.size(); ++i) {
      const LayerRoofline bound = layer_roofline(model, kinds[i], options, gpu);
      const LayerTime& time = estimate.points.at({"H200-141", tp, 1}).layers[i];
      EXPECT_GT(bound.forward_s, 0);
      EXPECT_LT(bound.forward_s, time.forward_s);
      EXPECT_LT(bound.backward_s, time.backward_s);
    }
  }
  LayerOptions options;
  options.dtype = DataType::kBf16;
  const LayerRoofline kept = layer_roofline(model, LayerKind::kBlock, options, gpu);
  options.recompute = true;
  const LayerRoofline again = layer_roofline(model, LayerKind::kBlock, options, gpu);
  EXPECT_DOUBLE_EQ(again.backward_s, kept.backward_s + kept.forward_s);
  EXPECT_THROW(layer_roofline(model, LayerKind::kBlock, options, gpu_named("V100-16")), Error);
}

}  // namespace
}  // namespace sextant
