#include "analyzer/topology/generated/generated_workload.h"

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "analyzer/model/hugging_face.h"
#include "analyzer/model/zoo.h"
#include "analyzer/topology/step_time.h"
#include "tests/support/project_paths.h"

namespace sextant {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::size_t kTensor = 0;
constexpr std::size_t kExpert = 1;
constexpr std::size_t kData = 2;
constexpr std::size_t kPipeline = 3;
constexpr std::size_t kExpertData = 4;
constexpr std::size_t kForward = 0;
constexpr std::size_t kInput = 1;
constexpr std::size_t kWeight = 2;

ModelDescription mixtral() {
  return import_hugging_face(source_path("tests/data/model/mixtral-8x7b.json")).model;
}

/// So slow at computing that neither memory nor launches matter: seconds are FLOPs over the
/// attainable share of its peak, 0.75 in products and 0.5 in attention.
constexpr double kSlowPeak = 1e6;
GpuSpec slow_gpu() {
  GpuSpec gpu = gpu_named("A100-80");
  gpu.peak_flops[DataType::kBf16] = kSlowPeak;
  gpu.memory_bandwidth_bytes_per_s = 1e30;
  return gpu;
}

const WorkloadLayer& row(const Workload& workload, const std::string& name) {
  for (const WorkloadLayer& layer : workload.layers) {
    if (layer.name == name) return layer;
  }
  throw Error(ErrorCode::kInternal, "no row " + name);
}

double compute_s(const Workload& workload, std::size_t phase) {
  double sum = 0;
  for (const WorkloadLayer& layer : workload.layers) sum += layer.phases[phase].compute_s;
  return sum;
}

/// Bytes that an operation moves in a group in one phase of all rows.
double bytes(const Workload& workload, std::size_t phase, CommunicationOp op, std::size_t group) {
  double sum = 0;
  for (const WorkloadLayer& layer : workload.layers) {
    const LayerPhase& at = layer.phases[phase];
    if (at.op == op && at.group == group) sum += at.bytes;
  }
  return sum;
}

void expect_phase(const LayerPhase& phase, CommunicationOp op, double expected_bytes,
                  std::size_t group) {
  ASSERT_TRUE(phase.op.has_value());
  EXPECT_EQ(*phase.op, op);
  EXPECT_EQ(phase.bytes, expected_bytes);
  EXPECT_EQ(phase.group, group);
}

TEST(GeneratedWorkload, HasTheAllReducesOfLibrasGpt3) {
  const ModelDescription model = zoo_model("GPT-3-175B");
  const Workload workload =
      generate_workload(model, {.tensor = 16, .data = 64, .microbatch = 16}, gpu_named("A100-80"));
  // LIBRA's workload of 175B: 16 sequences x 2048 tokens x 12288 x 2 bytes.
  constexpr double kStream = 805306368;
  constexpr double kHidden = 12288;
  for (const char* name : {"block.0.attention", "block.95.ffn"}) {
    const WorkloadLayer& layer = row(workload, name);
    expect_phase(layer.phases[kForward], CommunicationOp::kAllReduce, kStream, kTensor);
    expect_phase(layer.phases[kInput], CommunicationOp::kAllReduce, kStream, kTensor);
  }
  // Four square matrices, and the biases of query, key and value, in sixteenths; the output's bias
  // and the norm's scale and offset whole.
  const double attention = (4 * kHidden * kHidden + 3 * kHidden) / 16 + 3 * kHidden;
  expect_phase(row(workload, "block.7.attention").phases[kWeight], CommunicationOp::kAllReduce,
               2 * attention, kData);
  EXPECT_EQ(workload.layers.size(), 1U + 2 * 96 + 2);
}

TEST(GeneratedWorkload, AllReducesTheGradientOfEachParameterOnce) {
  for (const std::string& name : zoo_names()) {
    const ModelDescription model = zoo_model(name);
    const Workload workload =
        generate_workload(model, {.data = 8, .dtype = DataType::kFp32}, gpu_named("A100-80"));
    const double tables = model.tied_embeddings ? 1 : 2;
    const double padding =
        (padded_vocab(model, 1) - model.vocab) * double{1} * model.embedding_width * tables;
    EXPECT_EQ(bytes(workload, kWeight, CommunicationOp::kAllReduce, kData),
              4 * (parameter_count(model) + padding))
        << name;
  }
}

TEST(GeneratedWorkload, SplitsTheFlopsOfBackward) {
  const ModelDescription model = zoo_model("GPT-3-175B");
  const Workload workload = generate_workload(model, {.tensor = 8, .data = 2}, slow_gpu());
  constexpr double kHidden = 12288;
  constexpr double kTokens = 2048;
  // 12 h² weights a block and the head's table; causal attention: half of the square of scores,
  // twice (scores, weighted values), and 2.5 times that in its fused backward.
  const double products =
      2 * kTokens * (96 * 12 * kHidden * kHidden + padded_vocab(model, 8) * kHidden) / 8;
  const double attention = 96 * 2 * kTokens * kTokens * kHidden / 8;
  const double product_s = products / (0.75 * kSlowPeak);
  const double attention_s = attention / (0.5 * kSlowPeak);
  const auto near = [](double expected) { return testing::DoubleNear(expected, 1e-9 * expected); };
  EXPECT_THAT(compute_s(workload, kWeight), near(product_s));
  EXPECT_THAT(compute_s(workload, kForward), near(product_s + attention_s));
  EXPECT_THAT(compute_s(workload, kInput), near(product_s + 2.5 * attention_s));
}

TEST(GeneratedWorkload, RepeatsTheBusiestStageUntilThePipelineIsDrained) {
  const ModelDescription model = zoo_model("GPT-3-175B");
  const Parallelism parallelism = {.tensor = 8, .pipeline = 4, .data = 2, .microbatches = 8};
  const Workload workload = generate_workload(model, parallelism, gpu_named("A100-80"));
  EXPECT_EQ(workload.layers.front().name, "block.72.attention");  // the last stage has the head
  EXPECT_EQ(workload.layers.back().name, "stage.send x10");
  constexpr double kStream = 2048 * 12288 * 2;
  expect_phase(row(workload, "stage.send").phases[kForward], CommunicationOp::kSendRecv, kStream,
               kPipeline);
  constexpr double kTimes = 8 + 4 - 1;
  constexpr double kLossSums = 3 * 4 * 2048;
  EXPECT_EQ(bytes(workload, kForward, CommunicationOp::kSendRecv, kPipeline), kTimes * kStream);
  EXPECT_EQ(bytes(workload, kInput, CommunicationOp::kSendRecv, kPipeline), kTimes * kStream);
  EXPECT_EQ(bytes(workload, kForward, CommunicationOp::kAllReduce, kTensor),
            kTimes * (24 * 2 * kStream + kLossSums));
  EXPECT_EQ(bytes(workload, kInput, CommunicationOp::kAllReduce, kTensor),
            kTimes * (24 * 2 + 1) * kStream);
  // Gradients once; the head's table is a copy of its own on this stage.
  double gradients = 0;
  for (const LayerKind kind : {LayerKind::kFinalNorm, LayerKind::kHead}) {
    gradients += layer_cost(model, kind, {.tp = 8, .dtype = DataType::kBf16}).parameter_bytes;
  }
  gradients +=
      24 *
      layer_cost(model, LayerKind::kBlock, {.tp = 8, .dtype = DataType::kBf16}).parameter_bytes;
  EXPECT_EQ(bytes(workload, kWeight, CommunicationOp::kAllReduce, kData), gradients);
  double last = 0;
  double all = 0;
  for (const WorkloadLayer& layer : workload.layers) {
    for (const LayerPhase& phase : layer.phases) {
      all += phase.compute_s;
      if (layer.name.find(" x") == std::string::npos) last += phase.compute_s;
    }
  }
  EXPECT_NEAR(all, kTimes * last, 1e-12 * all);
}

TEST(GeneratedWorkload, SendsTokensToExpertsAndBack) {
  const ModelDescription model = mixtral();
  const Parallelism parallelism = {.tensor = 2, .expert = 4, .data = 16};
  const Workload workload = generate_workload(model, parallelism, gpu_named("A100-80"));
  const double stream = 2.0 * model.seq_len * model.hidden;
  const double dealt = 2 * stream;  // two experts a token
  const WorkloadLayer& router = row(workload, "block.3.router");
  const WorkloadLayer& experts = row(workload, "block.3.experts");
  const WorkloadLayer& combine = row(workload, "block.3.combine");
  expect_phase(router.phases[kForward], CommunicationOp::kAllToAll, dealt, kExpert);
  expect_phase(experts.phases[kForward], CommunicationOp::kAllToAll, dealt, kExpert);
  expect_phase(combine.phases[kForward], CommunicationOp::kAllReduce, stream, kTensor);
  expect_phase(combine.phases[kInput], CommunicationOp::kAllToAll, dealt, kExpert);
  expect_phase(experts.phases[kInput], CommunicationOp::kAllToAll, dealt, kExpert);
  expect_phase(router.phases[kInput], CommunicationOp::kAllReduce, stream, kTensor);
  // Of 8 experts with gate, up and down a rank has two, half as wide.
  const double hidden = model.hidden;
  expect_phase(experts.phases[kWeight], CommunicationOp::kAllReduce,
               2 * (2 * 3 * hidden * model.ffn / 2), kExpertData);
  expect_phase(router.phases[kWeight], CommunicationOp::kAllReduce, 2 * (8 * hidden + hidden),
               kData);
  EXPECT_FALSE(combine.phases[kWeight].op.has_value());
  EXPECT_EQ(workload.groups[kData].npus, 16);
  EXPECT_EQ(workload.groups[kExpertData].npus, 4);
  EXPECT_EQ(workload.groups[kExpertData].name, "expert_data");
}

TEST(GeneratedWorkload, SpreadingExpertsMovesNoFlops) {
  const Workload whole = generate_workload(mixtral(), {.data = 8}, slow_gpu());
  const Workload spread = generate_workload(mixtral(), {.expert = 8, .data = 8}, slow_gpu());
  for (const std::size_t phase : {kForward, kInput, kWeight}) {
    EXPECT_EQ(compute_s(spread, phase), compute_s(whole, phase));
  }
  EXPECT_EQ(bytes(whole, kForward, CommunicationOp::kAllToAll, kExpert), 0);
}

TEST(GeneratedWorkload, RecomputationRunsTheForwardOfBlocksAgain) {
  for (const ModelDescription& model : {zoo_model("OPT-30B"), mixtral()}) {
    Parallelism parallelism = {.tensor = 4, .data = 8};
    if (model.experts > 0) parallelism.expert = 8;
    const Workload once = generate_workload(model, parallelism, gpu_named("A100-80"));
    parallelism.recompute = true;
    const Workload again = generate_workload(model, parallelism, gpu_named("A100-80"));
    double blocks_s = 0;
    for (const WorkloadLayer& layer : once.layers) {
      if (layer.name.starts_with("block")) blocks_s += layer.phases[kForward].compute_s;
    }
    EXPECT_EQ(compute_s(again, kForward), compute_s(once, kForward));
    EXPECT_NEAR(compute_s(again, kInput), compute_s(once, kInput) + blocks_s, 1e-9);
    const double per_block = 2.0 * model.seq_len * model.hidden * 2;  // two all-reduces
    EXPECT_EQ(bytes(again, kInput, CommunicationOp::kAllReduce, kTensor),
              bytes(once, kInput, CommunicationOp::kAllReduce, kTensor) + model.layers * per_block);
    EXPECT_EQ(bytes(again, kInput, CommunicationOp::kAllToAll, kExpert),
              2 * bytes(once, kInput, CommunicationOp::kAllToAll, kExpert));
  }
}

TEST(GeneratedWorkload, IsTimedOnANetwork) {
  const Topology topology = {
      "net", {{8, BuildingBlock::kRing, "Node"}, {8, BuildingBlock::kSwitch, "Pod"}}};
  const Parallelism parallelism = {.tensor = 8, .expert = 4, .data = 8};
  const Workload workload = generate_workload(mixtral(), parallelism, slow_gpu());
  const std::vector<GroupShape> shapes = map_generated(topology, parallelism);
  EXPECT_NO_THROW(check(shapes, workload, topology));
  const std::vector<double> bandwidth = {300e9, 50e9};
  const StepTime step = step_time(workload, shapes, TrainingLoop::kNoOverlap);
  double expected = 0;
  for (const std::size_t phase : {kForward, kInput, kWeight}) {
    expected += compute_s(workload, phase);
    const auto sum = [&](CommunicationOp op, std::size_t group) {
      return bytes(workload, phase, op, group);
    };
    using Op = CommunicationOp;
    expected += 2 * sum(Op::kAllReduce, kTensor) * 7 / 8 / 300e9;
    expected += sum(Op::kAllToAll, kExpert) * 3 / 4 / 50e9;
    expected += 2 * sum(Op::kAllReduce, kData) * 7 / 8 / 50e9;
    expected += 2 * sum(Op::kAllReduce, kExpertData) * 1 / 2 / 50e9;
  }
  EXPECT_NEAR(step.seconds(bandwidth), expected, 1e-12 * expected);
}

TEST(GeneratedWorkload, GroupsLieInTheOrderOfTheAxes) {
  const Topology topology = {"net",
                             {{4, BuildingBlock::kRing, "Package"},
                              {8, BuildingBlock::kRing, "Node"},
                              {4, BuildingBlock::kSwitch, "Pod"}}};
  const Parallelism parallelism = {.tensor = 2, .expert = 4, .pipeline = 2, .data = 32};
  // Inside out: 2 tensor, 4 expert, 8 replicas of the experts, 2 stages.
  EXPECT_THAT(map_generated(topology, parallelism),
              ElementsAre(ElementsAre(2, 1, 1), ElementsAre(2, 2, 1), ElementsAre(2, 8, 2),
                          ElementsAre(1, 1, 2), ElementsAre(1, 4, 2)));
  const AxisOrder order = {ParallelAxis::kPipeline, ParallelAxis::kTensor, ParallelAxis::kData,
                           ParallelAxis::kExpert};
  EXPECT_THAT(map_generated(topology, parallelism, order),
              ElementsAre(ElementsAre(2, 1, 1), ElementsAre(1, 1, 4), ElementsAre(1, 8, 4),
                          ElementsAre(2, 1, 1), ElementsAre(1, 8, 1)));
}

std::string message_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadInput);
    return error.what();
  }
  return "no error";
}

std::string refusal(const ModelDescription& model, const Parallelism& parallelism) {
  return message_of([&] { generate_workload(model, parallelism, gpu_named("V100-16")); });
}

TEST(GeneratedWorkload, RefusesDegreesThatTheModelCannotHave) {
  const ModelDescription gpt3 = zoo_model("GPT-3-175B");
  EXPECT_THAT(refusal(gpt3, {.tensor = 5}),
              HasSubstr("tensor degree 5 does not divide its 96 attention heads; the nearest that "
                        "does is 4 or 6"));
  EXPECT_THAT(refusal(gpt3, {.pipeline = 5}),
              HasSubstr("5 pipeline stages do not divide its 96 blocks; what does is 1, 2, 3"));
  EXPECT_THAT(refusal(gpt3, {.expert = 2, .data = 2}),
              HasSubstr("expert degree 2, but it has no experts"));
  EXPECT_THAT(refusal(mixtral(), {.expert = 3, .data = 6}),
              HasSubstr("expert degree 3 does not divide its 8 experts; what does is 1, 2, 4, 8"));
  EXPECT_THAT(refusal(mixtral(), {.expert = 4, .data = 2}),
              HasSubstr("expert degree 4 does not divide data degree 2"));
  EXPECT_THAT(refusal(gpt3, {.data = 0}), HasSubstr("data degree 0"));
  EXPECT_THAT(refusal(gpt3, {.microbatches = 0}),
              HasSubstr("microbatches of a step: 0; expected at least 1"));
  EXPECT_THAT(refusal(gpt3, {.microbatch = 0}), HasSubstr("microbatch of 0 sequences"));
  EXPECT_THAT(refusal(gpt3, {}), HasSubstr("V100-16 does not compute in bf16"));
  const Topology eight = {"eight", {{8, BuildingBlock::kRing, "Node"}}};
  EXPECT_THAT(message_of([&] { map_generated(eight, {.tensor = 4, .data = 4}); }),
              HasSubstr("has 8 NPUs, groups of tensor 4 x expert 1 x data 4 x pipeline 1 make 16"));
}

}  // namespace
}  // namespace sextant
