#include "analyzer/topology/simulation/step_simulation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "tests/topology/simulation/small_network.h"

namespace sextant {
namespace {

using ::testing::HasSubstr;

constexpr double kNs = 1e-9;
constexpr double kRounding = 1e-12;

/// A model group of dimension 0, a data group of dimension 1. All-reduces of 4000 bytes among two
/// NPUs take 4000 ns, whatever the number of chunks.
const std::vector<GroupShape> kShapes = {{2, 1}, {1, 2}};
SimulatedNetwork network() {
  return switches({2, 2}, {1, 1}, 4);
}

LayerPhase computes(double ns) {
  return {ns * kNs};
}
LayerPhase reduces(double ns, std::size_t group) {
  return {ns * kNs, CommunicationOp::kAllReduce, 4000, group};
}

/// Layers of 100, 200 and 300 ns.
Workload layers(int count) {
  Workload workload;
  workload.name = "layers";
  workload.groups = {{"model", 2}, {"data", 2}};
  for (int i = 0; i < count; ++i) {
    workload.layers.push_back({"layer", {computes(100), computes(200), computes(300)}});
  }
  return workload;
}

double step_ns(const Workload& workload) {
  return simulate_step(workload, kShapes, network()).step_s / kNs;
}

TEST(StepSimulation, ComputationAloneCostsANanosecondAPhase) {
  EXPECT_NEAR(step_ns(layers(2)), 2 * (600 + 3), kRounding / kNs);
}

TEST(StepSimulation, ForwardAndInputGradientWait) {
  Workload workload = layers(1);
  workload.layers[0].phases[0] = reduces(100, kModelGroup);
  workload.layers[0].phases[1] = reduces(200, kModelGroup);
  const SimulatedStep step = simulate_step(workload, kShapes, network());
  EXPECT_NEAR(step.step_s, (600 + 3 + 2 * 4010) * kNs, kRounding);
  EXPECT_NEAR(step.compute_s, 600 * kNs, kRounding);
  EXPECT_NEAR(step.exposed_s, (3 + 2 * 4010) * kNs, kRounding);
  EXPECT_EQ(step.drain_s, 0);
}

TEST(StepSimulation, WeightGradientsRunBesideComputation) {
  Workload workload = layers(2);
  workload.layers[1].phases[2] = reduces(300, kDataGroup);
  // After 2 * 101 + 201 + 300 ns; the last layer's 1 + 201 + 301 ns are hidden.
  const SimulatedStep step = simulate_step(workload, kShapes, network());
  EXPECT_NEAR(step.step_s, (703 + 4010) * kNs, kRounding);
  EXPECT_NEAR(step.drain_s, (4010 - 503) * kNs, kRounding);
  workload.layers[0].phases[1] = computes(5000);  // hides all of it
  EXPECT_NEAR(step_ns(workload), 703 + 1 + 5001 + 301, kRounding / kNs);
}

TEST(StepSimulation, SeveralWeightGradientsQueue) {
  Workload workload = layers(2);
  workload.layers[0].phases[2] = reduces(300, kDataGroup);
  workload.layers[1].phases[2] = reduces(300, kDataGroup);
  for (const CollectiveOrder order : {CollectiveOrder::kFifo, CollectiveOrder::kLifo}) {
    SimulatedNetwork ordered = network();
    ordered.order = order;
    EXPECT_NEAR(simulate_step(workload, kShapes, ordered).step_s, (703 + 10 + 8000) * kNs,
                kRounding);
  }
}

TEST(StepSimulation, ABlockingCollectiveOfABusyGroupDependsOnTheOrder) {
  Workload workload = layers(2);
  workload.layers[1].phases[2] = reduces(300, kDataGroup);
  workload.layers[0].phases[1] = reduces(200, kDataGroup);
  // The first begins at 713, the second at 914 while its first chunk (of four) is under way.
  SimulatedNetwork ordered = network();
  ordered.order = CollectiveOrder::kFifo;
  const SimulatedStep step = simulate_step(workload, kShapes, ordered);
  EXPECT_NEAR(step.step_s, (713 + 8000 + 1 + 301) * kNs, kRounding);
  EXPECT_NEAR(step.utilisation[1], 1, 1e-12);
  ordered.order = CollectiveOrder::kLifo;
  EXPECT_NEAR(simulate_step(workload, kShapes, ordered).step_s, (713 + 8000) * kNs, kRounding);
}

TEST(StepSimulation, GroupsDoNotSlowEachOther) {
  // Both in dimension 0, of which each has half the NPUs.
  const std::vector<GroupShape> shapes = {{2}, {2}};
  const SimulatedNetwork shared = switches({4}, {1}, 4);
  Workload workload = layers(2);
  workload.layers[1].phases[2] = reduces(300, kDataGroup);
  workload.layers[0].phases[1] = reduces(200, kModelGroup);
  const SimulatedStep step = simulate_step(workload, shapes, shared);
  EXPECT_NEAR(step.step_s, (704 + 200 + 4010 + 1 + 301) * kNs, kRounding);
  // 8000 bytes from 713 to 4914.
  EXPECT_NEAR(step.utilisation[0], 8000.0 / (4914 - 713), 1e-12);
}

TEST(StepSimulation, RecomputesFromCheckpoints) {
  Workload workload = layers(4);
  workload.layers[1].phases[0] = reduces(100, kModelGroup);
  const double without = step_ns(workload);
  workload.checkpoints = {0, 2};
  workload.checkpoint_initiates = {1, 3};
  EXPECT_NEAR(step_ns(workload) - without, 2 * (1 + 101), 1e-6);
  workload.checkpoints = {0};
  workload.checkpoint_initiates = {3};
  EXPECT_NEAR(step_ns(workload) - without, 1 + 3 * 101 + 4010, 1e-6);
}

TEST(StepSimulation, ComputeScalesInSinglePrecision) {
  Workload workload = layers(1);
  workload.layers[0].phases[0] = computes(17'994'181);  // no float: 17,994,180 is
  EXPECT_NEAR(simulate_step(workload, kShapes, network(), 0.26).compute_s,
              (4'678'486 + 52 + 78) * kNs, kRounding);
}

TEST(StepSimulation, NothingToSendTakesNoTime) {
  Workload workload = layers(1);
  const double without = step_ns(workload);
  workload.layers[0].phases[0] = {100 * kNs, CommunicationOp::kAllReduce, 0, kModelGroup};
  EXPECT_EQ(step_ns(workload), without);
  workload.layers[0].phases[0] = reduces(100, kModelGroup);
  const SimulatedStep alone = simulate_step(workload, {{1, 1}, {1, 2}}, network());
  EXPECT_NEAR(alone.step_s / kNs, without, 1e-6);
}

std::string refusal(const Workload& workload, const SimulatedNetwork& on) {
  try {
    simulate_step(workload, kShapes, on);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadInput);
    return error.what();
  }
  return "no error";
}

TEST(StepSimulation, RefusesWhatItCannotSimulate) {
  SimulatedNetwork bad = network();
  bad.dimensions[1].link_bytes_per_s = 0;
  EXPECT_THAT(refusal(layers(1), bad),
              HasSubstr("dimension 1: expected links of more than 0 bytes/s, found 0"));
  bad = network();
  bad.chunks = 0;
  EXPECT_THAT(refusal(layers(1), bad), HasSubstr("expected 1 to 65536 chunks, found 0"));
  bad = network();
  bad.dimensions.pop_back();
  EXPECT_THAT(refusal(layers(1), bad),
              HasSubstr("a group in 2 dimensions on a simulated network of 1"));

  Workload workload = layers(2);
  workload.checkpoints = {0};
  workload.checkpoint_initiates = {2};
  EXPECT_THAT(refusal(workload, network()),
              HasSubstr("workload \"layers\": expected a checkpoint"));
}

TEST(StepSimulation, HugeInputsAreSimulatedOrRefused) {
  Workload workload = layers(1);
  workload.layers[0].phases[0] = {0, CommunicationOp::kAllReduce, 4e17, kModelGroup};
  EXPECT_NEAR(step_ns(workload), 4e17, 1e3);
  workload.layers[0].phases[0].bytes = 1e300;
  EXPECT_THAT(refusal(workload, network()), HasSubstr("takes dimension 0 longer than 30 years"));
  workload.layers[0].phases[0] = computes(1e30);
  EXPECT_THAT(refusal(workload, network()), HasSubstr("the step takes longer than 30 years"));
}

}  // namespace
}  // namespace sextant
