#include "profiler/sweep/sweep_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/schema_check.h"

namespace sextant::profiler {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// Two points: one with every figure there is, one out of memory.
struct Example {
  Example() {
    sweep.model.name = "toy";
    sweep.machine.gpu = "H200-141";
    sweep.machine.device = DeviceKind::kCuda;
    sweep.options.out = "points";
    for (const int microbatch : {1, 64}) {
      SweepPoint point;
      point.key = {"toy", "H200-141", "bf16", "bf16", 128, 2, microbatch, false, false, "adamw"};
      point.file = "points/a.json";
      sweep.points.push_back(point);
    }
    PointDocument good;
    LayerKindProfile block;
    block.kind = "block";
    block.forward = {1e-3, 1e-3, 1e-3, 20, 0.02};
    block.backward = {2e-3, 2e-3, 2e-3, 20, 0.03};
    block.update = {1e-4, 1e-4, 1e-4, 20, 0.5};
    // A step's peak: 10 x (64 + 64 + 128) of state, 10 x 100 kept, 256 + 280 on top: 4096 MiB.
    constexpr double kMib = 0x1p20;
    block.parameter_bytes = 64 * kMib;
    block.saved_activation_bytes = 100 * kMib;
    block.output_bytes = 256 * kMib;
    block.training_memory = TrainingMemory{64 * kMib, 128 * kMib, 0, 280 * kMib, 0, 500 * kMib};
    good.kinds = {block};
    good.sequence = {{0, 10}};
    good.cross_check = CrossCheck{{3e-3, 3e-3, 3e-3, 20, 0.004}, 3.06e-3};
    good.process_memory = ProcessMemory{1 * 0x1p30, 0, 4 * 0x1p30, 3 * 0x1p30};
    good.stopping = StoppingRule{0.001, 10, 1, "noise at most 0.1 %"};
    good.conditions = DeviceConditions{};
    good.conditions->tainted_samples = 3;
    outcomes.resize(2);
    outcomes[0].status = PointStatus::kOk;
    outcomes[0].document = good;
    PointDocument failed;
    failed.largest_microbatch = 48;
    outcomes[1].status = PointStatus::kOutOfMemory;
    outcomes[1].reason = "CUDA out of memory";
    outcomes[1].document = failed;
  }
  Sweep sweep;
  std::vector<PointOutcome> outcomes;
};

TEST(SweepReport, SumsTheLayersAndNamesWhatIsNotMet) {
  const Example example;
  const std::string text = result_text(example.sweep, example.outcomes);
  EXPECT_THAT(text, AllOf(HasSubstr("10.0 ms"), HasSubstr("20.0 ms"), HasSubstr("1.00 ms"),
                          HasSubstr("0.40 %"), HasSubstr("5.00 GiB"), HasSubstr("+2.00 %")));
  EXPECT_THAT(text, HasSubstr("bf16, tp 2, microbatch 1: not met: noise at most 0.1 %; 3 samples "
                              "were taken while the GPU throttled"));
  EXPECT_THAT(text, HasSubstr("bf16, tp 2, microbatch 64: oom: CUDA out of memory (the largest "
                              "microbatch that fits is 48)"));
}

TEST(SweepReport, JsonHasEveryFigure) {
  Example example;
  const nlohmann::json json =
      nlohmann::json::parse(json_text(result_json(example.sweep, example.outcomes)));
  EXPECT_EQ(testing::SchemaCheck("sweep").problems(json.dump()), "");
  EXPECT_EQ(json.at("complete"), true);
  const auto& good = json.at("points")[0];
  EXPECT_DOUBLE_EQ(good.at("forward_s"), 10e-3);
  EXPECT_DOUBLE_EQ(good.at("noise"), 0.004);
  EXPECT_DOUBLE_EQ(good.at("peak_memory_bytes"), 5 * 0x1p30);
  EXPECT_NEAR(good.at("cross_check_difference").get<double>(), 0.02, 1e-12);
  EXPECT_EQ(good.at("unmet"), "noise at most 0.1 %");
  EXPECT_EQ(json.at("points")[1].at("largest_microbatch"), 48);

  example.outcomes[1].status = PointStatus::kTimeout;
  EXPECT_FALSE(is_complete(example.outcomes));
  example.outcomes[1].status.reset();
  EXPECT_FALSE(is_complete(example.outcomes));
  EXPECT_EQ(result_json(example.sweep, example.outcomes)["points"][1]["status"], "pending");
}

// Where the whole step was timed at once, it must not be counted for each layer.
TEST(SweepReport, AWholeStepIsCountedOnce) {
  Example example;
  example.outcomes[0].document->update_is_whole_step = true;
  const auto json = result_json(example.sweep, example.outcomes);
  EXPECT_DOUBLE_EQ(json["points"][0]["update_s"].get<double>(), 1e-4);
}

}  // namespace
}  // namespace sextant::profiler
