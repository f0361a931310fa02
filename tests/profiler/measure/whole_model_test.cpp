// What the document of the distinct layers says of the whole model, against the whole model.

#include <gtest/gtest.h>

#include "analyzer/model/model_document.h"
#include "analyzer/profile/step_peak.h"
#include "profiler/measure/point_measurement.h"
#include "profiler/measure/step_memory.h"
#include "tests/support/project_paths.h"

namespace sextant::profiler {
namespace {

ProfileRequest request_for(const std::string& model, DataType dtype, bool recompute) {
  ProfileRequest request;
  request.model = read_model(sextant::source_path("tests/data/profiler/") + model + ".json");
  request.gpu = "CPU";
  request.device = DeviceKind::kCpu;
  request.dtype = dtype;
  request.recompute = recompute;
  request.seq_len = request.model.seq_len;
  request.operators = false;
  request.stopping.min_samples = 1;
  request.stopping.time_limit_s = 0.01;
  return request;
}

/// Every layer of the model, not only one of each kind.
std::vector<DistinctLayer> all_layers(const ModelDescription& model) {
  std::vector<DistinctLayer> layers;
  int block = 0;
  for (const LayerKind kind : layer_sequence(model)) {
    const bool is_block = kind == LayerKind::kBlock;
    layers.push_back({std::to_string(layers.size()), kind, is_block ? block : 0});
    if (is_block) ++block;
  }
  return layers;
}

double peak_of_whole_model(const ProfileRequest& request, int microbatch, Device& device) {
  const double before = device.memory().allocated();
  LoneShard alone(1);
  LayerOptions options;
  options.microbatch = microbatch;
  options.seq_len = request.seq_len;
  options.dtype = request.dtype;
  options.recompute = request.recompute;
  const LayerSetup setup{request.model, options, device.torch_device(), alone};
  std::vector<TrainedLayer> stack = make_stack(all_layers(request.model), setup, request.optimizer);
  const TrainingBatch batch = random_batch(setup);
  StepObserver nobody;
  training_step(stack, batch, setup, nobody);
  device.memory().reset_peak();
  training_step(stack, batch, setup, nobody);
  return device.memory().peak_allocated() - before - 2 * static_cast<double>(batch.tokens.nbytes());
}

void expect_peak(const std::string& model, int microbatch, DataType dtype, bool recompute = false) {
  SCOPED_TRACE(model + ", microbatch " + std::to_string(microbatch));
  const auto device = open_cpu_device(0);
  const ProfileRequest request = request_for(model, dtype, recompute);
  LoneShard alone(1);
  const PointDocument document = measure_point(request, {1, microbatch}, {*device, alone});
  ASSERT_EQ(document.status, PointStatus::kOk) << document.reason;
  const double measured = peak_of_whole_model(request, microbatch, *device);
  EXPECT_NEAR(step_peak_bytes(document) / measured, 1, 0.01);
}

TEST(WholeModel, PeaksWhereItsPartsSayInSinglePrecision) {
  for (const int microbatch : {1, 4}) {
    expect_peak("tiny-llama", microbatch, DataType::kFp32);
    expect_peak("tiny-opt", microbatch, DataType::kFp32);
    expect_peak("tiny-gpt-neo", microbatch, DataType::kFp32);
  }
}

TEST(WholeModel, PeaksWhereItsPartsSayInSixteenBits) {
  expect_peak("tiny-llama", 4, DataType::kBf16);
  expect_peak("tiny-opt", 4, DataType::kBf16);
}

TEST(WholeModel, PeaksWhereItsPartsSayWithRecomputation) {
  expect_peak("tiny-llama", 4, DataType::kFp32, true);
}

TEST(DistinctLayers, AreOneOfEachKindInOrder) {
  const DistinctLayers neo =
      distinct_layers(request_for("tiny-gpt-neo", DataType::kFp32, false).model);
  std::vector<std::string> names;
  for (const DistinctLayer& layer : neo.layers) names.push_back(layer.name);
  EXPECT_EQ(names,
            (std::vector<std::string>{"embedding", "block", "block_window", "final_norm", "head"}));
  EXPECT_EQ(neo.layers[2].block, 1);
  int count = 0;
  for (const LayerRun& run : neo.sequence) count += run.count;
  EXPECT_EQ(count, 9);
  // Blocks alternate, so that no two runs join.
  EXPECT_EQ(neo.sequence.size(), 9U);
  const DistinctLayers opt = distinct_layers(request_for("tiny-opt", DataType::kFp32, false).model);
  ASSERT_EQ(opt.sequence.size(), 3U);  // no final norm
  EXPECT_EQ(opt.sequence[1].count, 6);
}

}  // namespace
}  // namespace sextant::profiler
