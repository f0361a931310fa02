#include "analyzer/topology/step_time.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "analyzer/topology/collective_traffic.h"
#include "analyzer/topology/network_cost.h"

namespace sextant {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pointwise;

Topology network_4d() {
  return {"4D",
          {{2, BuildingBlock::kRing, "Tile"},
           {8, BuildingBlock::kFullyConnected, "Package"},
           {8, BuildingBlock::kRing, "Node"},
           {8, BuildingBlock::kSwitch, "Pod"}}};
}

Topology network_3d() {
  return {"3D",
          {{8, BuildingBlock::kRing, "Package"},
           {8, BuildingBlock::kFullyConnected, "Node"},
           {16, BuildingBlock::kSwitch, "Pod"}}};
}

NetworkPrices libra_prices() {
  return {
      {"Tile", {2.0}}, {"Package", {4.0, 13.0}}, {"Node", {4.0, 13.0}}, {"Pod", {7.8, 18.0, 31.6}}};
}

std::string message_of(const auto& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadInput);
    return error.what();
  }
  return "no error";
}

TEST(GroupMapping, FromBothEndsSharesTheDimensionInBetween) {
  EXPECT_THAT(map_from_both_ends(network_3d(), 16, 64),
              ElementsAre(ElementsAre(8, 2, 1), ElementsAre(1, 4, 16)));
  EXPECT_THAT(map_from_both_ends(network_4d(), 128, 8),
              ElementsAre(ElementsAre(2, 8, 8, 1), ElementsAre(1, 1, 1, 8)));
  EXPECT_THAT(map_from_both_ends(network_3d(), 1, 1024),
              ElementsAre(ElementsAre(1, 1, 1), ElementsAre(8, 8, 16)));
}

TEST(GroupMapping, RefusesGroupsThatDoNotFit) {
  EXPECT_THAT(
      message_of([] { map_from_both_ends(network_3d(), 16, 32); }),
      HasSubstr(
          "topology \"3D\" has 1024 NPUs, a model group of 16 and a data group of 32 make 512"));
  const std::vector<ParallelGroup> groups = {{"tensor", 3}, {"data", 2}};
  const Topology six = {"six",
                        {{2, BuildingBlock::kRing, "Node"}, {3, BuildingBlock::kRing, "Pod"}}};
  EXPECT_THAT(
      message_of([&] { map_inside_out(six, groups); }),
      HasSubstr(
          "group \"tensor\" of 3 NPUs does not fit dimension 0: 2 of its 2 NPUs are left and the "
          "group still needs 3; one must divide the other"));
}

TEST(GroupMapping, InsideOutGoesOnWhereTheLastGroupEnded) {
  const std::vector<ParallelGroup> groups = {{"tensor", 4}, {"expert", 8}, {"data", 32}};
  EXPECT_THAT(
      map_inside_out(network_4d(), groups),
      ElementsAre(ElementsAre(2, 2, 1, 1), ElementsAre(1, 4, 2, 1), ElementsAre(1, 1, 4, 8)));
}

TEST(CollectiveTraffic, ShrinksFromDimensionToDimension) {
  const GroupShape group = {2, 8, 1};
  const CollectiveTraffic all_reduce = collective_traffic(CommunicationOp::kAllReduce, 1e9, group);
  EXPECT_EQ(all_reduce.weight_bytes, 2e9);
  EXPECT_THAT(all_reduce.shares, ElementsAre(0.5, 7.0 / 16, 0));
  const CollectiveTraffic gather = collective_traffic(CommunicationOp::kAllGather, 1e6, group);
  EXPECT_EQ(gather.weight_bytes, 16e6);  // a shard of 1 MB each
  EXPECT_THAT(gather.shares, ElementsAre(0.5, 7.0 / 16, 0));
  const CollectiveTraffic dealt = collective_traffic(CommunicationOp::kAllToAll, 1e6, group);
  EXPECT_EQ(dealt.weight_bytes, 1e6);
  EXPECT_THAT(dealt.shares, ElementsAre(0.5, 7.0 / 8, 0));
}

/// One layer: 1 ms, 2 ms and 3 ms of computation; the model group of dimension 0 reduces 1 GB in
/// both passes, the data group of dimension 1 reduces 2 GB.
Workload one_layer() {
  Workload workload;
  workload.groups = {{"model", 2}, {"data", 4}};
  WorkloadLayer& layer = workload.layers.emplace_back();
  layer.phases[0] = {1e-3, CommunicationOp::kAllReduce, 1e9, kModelGroup};
  layer.phases[1] = {2e-3, CommunicationOp::kAllReduce, 1e9, kModelGroup};
  layer.phases[2] = {3e-3, CommunicationOp::kAllReduce, 2e9, kDataGroup};
  return workload;
}

TEST(StepTime, AddsUpWhatTheLoopSays) {
  const std::vector<GroupShape> shapes = {{2, 1}, {1, 4}};
  const std::vector<double> bandwidth = {100e9, 300e9};
  // model: 2 x 1 GB x 1/2 over 100 GB/s = 10 ms; data: 2 x 2 GB x 3/4 over 300 GB/s = 10 ms
  const auto seconds = [&](TrainingLoop loop) {
    return step_time(one_layer(), shapes, loop).seconds(bandwidth);
  };
  EXPECT_NEAR(seconds(TrainingLoop::kNoOverlap), 36e-3, 1e-15);
  EXPECT_NEAR(seconds(TrainingLoop::kForwardInBackward), 46e-3, 1e-15);
  EXPECT_NEAR(seconds(TrainingLoop::kOverlap), 26e-3, 1e-15);  // 1 + 10 + 2 + max(10, 3 + 10)
  EXPECT_NEAR(seconds(TrainingLoop::kOverlapForwardInBackward), 36e-3, 1e-15);
}

TEST(StepTime, AWeightedSumIsTheSumOfTheSteps) {
  const std::vector<double> bandwidth = {50e9, 20e9};
  const StepTime first = step_time(one_layer(), {{2, 1}, {1, 4}}, TrainingLoop::kOverlap);
  const StepTime second = step_time(one_layer(), {{2, 2}, {1, 2}}, TrainingLoop::kOverlap, 0.5);
  const std::vector<StepTime> steps = {first, second};
  const std::vector<double> factors = {0.25, 2};
  EXPECT_NEAR(weighted_sum(steps, factors).seconds(bandwidth),
              0.25 * first.seconds(bandwidth) + 2 * second.seconds(bandwidth), 1e-15);
}

TEST(NetworkCost, CountsLinksOnceOrTwice) {
  EXPECT_THAT(usd_per_byte_per_s(network_4d(), libra_prices(), CostConvention::kSharedLinks),
              Pointwise(DoubleEq(), {1024 * 1.0e-9, 1024 * 2.0e-9, 1024 * 2.0e-9, 1024 * 57.4e-9}));
  EXPECT_THAT(usd_per_byte_per_s(network_4d(), libra_prices(), CostConvention::kOwnLinks),
              Pointwise(DoubleEq(), {1024 * 2.0e-9, 1024 * 4.0e-9, 1024 * 4.0e-9, 1024 * 57.4e-9}));
  const Topology dgx = {
      "dgx", {{8, BuildingBlock::kSwitch, "Package"}, {128, BuildingBlock::kSwitch, "Pod"}}};
  const std::vector<double> bandwidth = {300e9, 25e9};
  EXPECT_NEAR(
      network_usd(usd_per_byte_per_s(dgx, libra_prices(), CostConvention::kSharedLinks), bandwidth),
      6'691'840, 1e-6);
  const Topology tile = {"t", {{8, BuildingBlock::kSwitch, "Tile"}}};
  EXPECT_THAT(
      message_of([&] { usd_per_byte_per_s(tile, libra_prices(), CostConvention::kOwnLinks); }),
      HasSubstr("topology \"t\", dimension 0: tier \"Tile\" has no price of a switch"));
}

}  // namespace
}  // namespace sextant
