// The heuristics and the cost model of planner `sailor`, piece by piece.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "planner/training/sailor/cost_model.h"
#include "planner/training/sailor/data_parallel_degrees.h"
#include "planner/training/sailor/memo.h"
#include "planner/training/sailor/regions.h"
#include "planner/training/sailor/splits.h"
#include "tests/support/small_problem.h"

namespace sextant::sailor_search {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<int> sizes(const std::vector<LayerRange>& stages) {
  std::vector<int> result;
  for (const LayerRange& stage : stages) result.push_back(stage.size());
  return result;
}

TEST(UniformSplit, GivesTheRemainderToTheLastStages) {
  EXPECT_THAT(sizes(uniform_split(26, 7)), ElementsAre(3, 3, 4, 4, 4, 4, 4));
  EXPECT_THAT(sizes(uniform_split(26, 2)), ElementsAre(13, 13));
  EXPECT_EQ(uniform_split(26, 26).back(), (LayerRange{25, 26}));
}

TEST(DataParallelDegrees, AreTheSmallestOfEachNumberOfMicrobatches) {
  // ceil(8 / D) for D = 1 … 9 is 8 4 3 2 2 2 2 1 1.
  EXPECT_THAT(data_parallel_degrees(8, 1, 9), ElementsAre(1, 2, 3, 4, 8));
  EXPECT_THAT(data_parallel_degrees(8, 3, 9), ElementsAre(1, 2, 3));
  EXPECT_THAT(data_parallel_degrees(8, 1, 0), IsEmpty());
}

TEST(SplitsOfReplicas, AreLexicographicWithinTheirBounds) {
  std::vector<std::vector<int>> all;
  for (Splits splits({2, 1, 5}, 3); splits.valid(); splits.next()) all.push_back(splits.counts());
  EXPECT_THAT(all, ElementsAre(ElementsAre(0, 0, 3), ElementsAre(0, 1, 2), ElementsAre(1, 0, 2),
                               ElementsAre(1, 1, 1), ElementsAre(2, 0, 1), ElementsAre(2, 1, 0)));
  EXPECT_FALSE(Splits({1, 1}, 3).valid());
}

TEST(MemoOfStates, FindsWhatWasInsertedThroughGrowth) {
  Memo memo;
  for (int i = 0; i < 10'000; ++i) {
    memo.insert({static_cast<std::uint64_t>(i) << 40, 1, 0, i % 7, i}, i - 1);
  }
  EXPECT_EQ(memo.size(), 10'000U);
  EXPECT_EQ(memo.find({std::uint64_t{77} << 40, 1, 0, 0, 77}), 76);
  EXPECT_EQ(memo.find({std::uint64_t{77} << 40, 2, 0, 0, 77}), std::nullopt);
  EXPECT_EQ(Memo().find({}), std::nullopt);
}

TEST(ReadResources, SortsTypesByNameAndTiedZonesLastComeFirst) {
  SmallProblem small;
  small.add("V100-16", "us-central1-a", 8);
  small.add("A100-40", "us-central1-b", 8);
  small.add("A100-40", "us-central1-c", 4);
  small.add("A100-40", "us-west1-b", 64);
  small.add("A100-40", "europe-west4-a", 0);
  const Resources resources = read_resources(small.cluster);
  ASSERT_EQ(resources.type_count(), 2);
  EXPECT_EQ(resources.types[0].name, "A100-40");
  EXPECT_DOUBLE_EQ(resources.types[0].usd_per_s, 3.74 / 3600);
  ASSERT_EQ(resources.regions.size(), 2U);
  EXPECT_EQ(resources.regions[0].name, "us-central1");
  std::vector<std::string> zones;
  for (const int zone : resources.regions[0].zones) {
    zones.push_back(resources.zones[static_cast<std::size_t>(zone)]);
  }
  EXPECT_THAT(zones, ElementsAre("us-central1-b", "us-central1-a", "us-central1-c"));
  EXPECT_EQ(resources.gpus_in(resources.regions[0], 0), 12);
}

TEST(RegionOrders, TryEverySubsetSingleRegionsFirst) {
  SmallProblem small;
  small.add("A100-40", "us-central1-a", 8);
  small.add("A100-40", "us-west1-b", 8);
  small.add("A100-40", "us-east1-b", 8);
  const Resources resources = read_resources(small.cluster);
  const std::vector<RegionOrder> orders = region_orders(resources, *small.cluster.network);
  ASSERT_EQ(orders.size(), 7U);
  EXPECT_EQ(orders[2].regions.size(), 1U);
  EXPECT_EQ(orders[3].regions.size(), 2U);
  EXPECT_EQ(orders[6].regions.size(), 3U);
  EXPECT_THAT(orders[6].gpus, ElementsAre(24));
  EXPECT_TRUE(can_hold_pipeline(orders[0], {{4, 4}}));
  EXPECT_FALSE(can_hold_pipeline(orders[0], {{4, 4, 4}}));
}

TEST(TensorDegreesOfStages, ClimbWithSpeedAndStartWhereTheStageFits) {
  SmallProblem small;
  small.measure("A100-40", 1, {1, 2, 4});
  small.measure("V100-16", 2, {1, 2, 4});
  // The last step up is not worth it.
  for (LayerTime& time : small.profile.points[{"V100-16", 4, 1}].layers) time.backward_s *= 2;
  small.add("A100-40", "us-central1-a", 8);
  {
    const Resources alone = read_resources(small.cluster);
    const LayerTables tables(small.profile, small.job, alone);
    EXPECT_THAT(tensor_degrees(tables, 1, 1, uniform_split(4, 2)), ElementsAre(ElementsAre(4, 4)));
  }
  // One stage of four layers: 24 bytes of state for 1e8 parameters and 4 GB of activations fit
  // 10 GB only at degree 2; as does the first of two stages.
  small.add("V100-16", "us-central1-a", 8, 10e9);
  const Resources both = read_resources(small.cluster);
  const LayerTables tables(small.profile, small.job, both);
  EXPECT_DOUBLE_EQ(tables.memory_bytes(1, 1, {0, 4}, 0), 24 * 1e8 + 4e9 + 2e9);
  EXPECT_DOUBLE_EQ(tables.memory_bytes(1, 2, {0, 2}, 1), 24 * 0.25e8 + 2 * 1e9 + 3e9);
  EXPECT_THAT(tensor_degrees(tables, 2, 1, uniform_split(4, 2)),
              ElementsAre(ElementsAre(1, 1), ElementsAre(2, 2)))
      << "the first of two types keeps the smallest degree";
}

TEST(TensorDegreesOfStages, DropTypesThatHoldNoStage) {
  SmallProblem small;
  small.measure("A100-40", 1, {1});
  small.measure("V100-16", 1, {1, 2});
  small.add("A100-40", "us-central1-a", 8, 5e9);
  small.add("V100-16", "us-central1-a", 8);
  const Resources resources = read_resources(small.cluster);
  const LayerTables tables(small.profile, small.job, resources);
  EXPECT_THAT(tensor_degrees(tables, 2, 1, uniform_split(4, 1)),
              ElementsAre(IsEmpty(), ElementsAre(2)));
}

TEST(LayerTablesOfProblem, WantEveryGpuTypeMeasured) {
  SmallProblem small;
  small.measure("A100-40", 1, {1});
  small.add("H100-80", "us-central1-a", 8);
  const Resources resources = read_resources(small.cluster);
  try {
    const LayerTables tables(small.profile, small.job, resources);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadInput);
    EXPECT_THAT(error.what(), ::testing::HasSubstr("H100-80"));
  }
}

TEST(RingAllReduce, GoesBucketByBucket) {
  const LinkModel link = LinkModel::latency_bandwidth(0.001, 1e9);
  EXPECT_DOUBLE_EQ(ring_all_reduce_s(link, 6e8, 1), 0);
  EXPECT_DOUBLE_EQ(ring_all_reduce_s(link, 6e8, 4), 6 * (0.001 + 0.125) + 6 * (0.001 + 0.025));
}

/// Two stages of two layers on two replicas each, A100-40 (tp 1) before V100-16 (tp 2, as fast per
/// replica); M = 8 / 2 = 4.
TEST(CostModelOfPlanner, MergesTwoStagesAsWorkedOutByHand) {
  SmallProblem small;
  small.measure("A100-40", 1, {1});
  small.measure("V100-16", 2, {1, 2});
  small.add("A100-40", "us-central1-a", 8);
  small.add("V100-16", "us-central1-b", 8);
  const Resources resources = read_resources(small.cluster);
  const LayerTables tables(small.profile, small.job, resources);
  LinkTimes links(resources, tables, small.cluster);
  links.begin_microbatch(1);
  CostModel model(tables, links, resources, small.job.global_batch);
  const std::vector<LayerRange> stages = uniform_split(4, 2);
  const TensorDegrees degrees = {{1, 1}, {2, 2}};
  model.begin(1, stages, degrees, 2);
  const int zone_a = resources.zones[0] == "us-central1-a" ? 0 : 1;
  const int zone_b = 1 - zone_a;

  // Compute 2 * 0.3; all-reduce 2 (D - 1) * (2e8 / 2) / 1e9 = 0.2; update 2 layers * 0.05.
  Estimate first = model.stage(0, 0b01, zone_a, {zone_a});
  EXPECT_DOUBLE_EQ(first.compute_s, 0.6);
  EXPECT_DOUBLE_EQ(first.sync_s, 0.2);
  EXPECT_DOUBLE_EQ(first.time_s, 4 * 0.6 + 0.2 + 0.1);
  first.usd_per_s = 2;
  Estimate second = model.stage(1, 0b10, zone_a, {zone_b});
  EXPECT_DOUBLE_EQ(second.compute_s, 0.6);
  second.usd_per_s = 4;
  EXPECT_DOUBLE_EQ(model.sync_egress_usd(1, 1), 0);
  EXPECT_DOUBLE_EQ(model.sync_egress_usd(1, 2), 2 * 1 * 2 * 1e8 * 0.01 / 1e9);

  // A message takes 2e7 / 1e9 = 0.02: straggler 0.62, transfers 0.04, compute 1.2, sync 0.2.
  const std::vector<ReplicaRun> from = {{{0, 1, zone_a}, 2}};
  const std::vector<ReplicaRun> to = {{{1, 2, zone_b}, 1}, {{1, 2, zone_a}, 1}};
  const Estimate merged = model.merge(0, first, from, second, to);
  EXPECT_DOUBLE_EQ(merged.straggler_s, 0.62);
  EXPECT_DOUBLE_EQ(merged.time_s, 3 * 0.62 + 0.04 + 1.2 + 0.2);
  EXPECT_DOUBLE_EQ(merged.usd_per_s, 6);
  // One of the two replicas sends to another zone: 4 microbatches, there and back.
  EXPECT_DOUBLE_EQ(merged.egress_usd, 2 * 4 * 2e7 * 0.01 / 1e9);
  EXPECT_DOUBLE_EQ(merged.usd(), merged.time_s * 6 + merged.egress_usd);
}

}  // namespace
}  // namespace sextant::sailor_search
