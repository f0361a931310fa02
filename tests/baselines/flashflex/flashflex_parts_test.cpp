// What planner `flashflex` is made of.
#include <algorithm>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "planner/training/flashflex/deal.h"
#include "planner/training/flashflex/graph_partition.h"
#include "planner/training/flashflex/groups.h"
#include "planner/training/flashflex/legacy_random.h"

namespace sextant::flashflex {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;

TEST(FlashFlexRandom, DrawsWhatNumpyDraws) {
  // numpy 1.24.4: RandomState(40404).binomial(2, 0.2, size=40)
  LegacyRandom published(40404);
  std::vector<int> drawn;
  for (int i = 0; i < 40; ++i) drawn.push_back(published.binomial(2, 0.2));
  EXPECT_THAT(drawn,
              ElementsAreArray({0, 0, 1, 1, 0, 1, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0,
                                1, 1, 0, 0, 0, 0, 0, 0, 0, 2, 2, 0, 0, 0, 1, 0, 0, 1, 0, 2}));
}

TEST(FlashFlexColumns, AreThoseOfGPipe) {
  EXPECT_EQ(columns_s({3}, 4), 12);
  // Columns: 1, 5, 5, 5, 5, 2 of stages 1, 5, 2 with 4 microbatches.
  EXPECT_EQ(columns_s({1, 5, 2}, 4), 1 + 5 * 4 + 2);
  // With one microbatch every stage has a column of its own, with two they overlap.
  EXPECT_EQ(columns_s({1, 5, 2}, 1), 1 + 5 + 2);
  EXPECT_EQ(columns_s({1, 5, 2, 4}, 2), 1 + 5 + 5 + 4 + 4);
}

std::vector<double> layers_of(const StageList& stages) {
  std::vector<double> out;
  for (const Stage& stage : stages) out.push_back(stage.layers);
  return out;
}

TEST(FlashFlexDeal, GivesLayersByMemory) {
  const Shape shape = {2048, 1024, 50272, 24};
  const Model model(shape, {{1e12, 40e9, 1e11}, {1e12, 16e9, 1e11}}, 1e9);
  StageList alike(7, Stage{0, 0, 1, 0});
  EXPECT_EQ(deal_layers(model, alike), Deal::kDealt);
  EXPECT_THAT(layers_of(alike), ElementsAre(3, 3, 3, 3, 4, 4, 4));
  StageList mixed = {{0, 0, 1, 0}, {0, 1, 1, 0}, {0, 2, 1, 0}, {0, 3, 1, 0}, {1, 4, 1, 0}};
  EXPECT_EQ(deal_layers(model, mixed), Deal::kDealt);
  EXPECT_THAT(layers_of(mixed), ElementsAre(5, 5, 6, 6, 2));
  StageList many(25, Stage{0, 0, 1, 0});
  EXPECT_EQ(deal_layers(model, many), Deal::kStageWithoutLayers);
}

TEST(FlashFlexDeal, SeesMemoryRunOut) {
  const Model model({2048, 1024, 50272, 24}, {{1e12, 1e9, 1e11}}, 1e9);
  StageList stages(4, Stage{0, 0, 1, 0});
  EXPECT_EQ(deal_layers(model, stages), Deal::kOutOfMemory);
}

TEST(FlashFlexDeal, SplitsAMachineIntoStages) {
  const std::vector<Gpu> fleet(13, Gpu{0, 0});
  GpuSet all(fleet.size());
  std::iota(all.begin(), all.end(), 0);
  for (const double inside : {1e6, 1e15}) {
    const Model model({2048, 1024, 50272, 24}, {{1e12, 40e9, inside}}, 1e9);
    const StageList stages = stages_of(model, fleet, {all}, 8);
    int gpus = 0;
    int largest = 0;
    for (const Stage& stage : stages) {
      gpus += stage.tp;
      largest = std::max(largest, stage.tp);
    }
    EXPECT_EQ(gpus, 13);
    EXPECT_EQ(largest, inside > 1e9 ? 8 : 4);  // [4, 2, 2] is the finest for 8
  }
}

TEST(FlashFlexFleet, CountsMachinesThatAreNotFull) {
  GpuPool first;
  first.count = 5;
  first.gpus_per_node = 4;
  GpuPool second = first;
  second.count = 1;
  std::vector<int> machines;
  for (const Gpu& gpu : fleet_of({first, second})) machines.push_back(gpu.machine);
  EXPECT_THAT(machines, ElementsAre(0, 0, 0, 0, 1, 2));
}

class FlashFlexGraph : public testing::Test {
 protected:
  void SetUp() override {
    if (!can_cut_graphs()) GTEST_SKIP() << "built without METIS";
  }
};

TEST_F(FlashFlexGraph, IsCutTheSameEachTime) {
  const CompleteGraph graph(std::vector<std::int64_t>(40, std::int64_t{1} << 44),
                            [](int a, int b) { return a / 4 == b / 4 ? 0 : 2; });
  for (const int parts : {1, 2, 8, 9, 13}) {
    const std::vector<int> once = graph.cut(parts, -1);
    EXPECT_EQ(once, graph.cut(parts, -1));
    EXPECT_EQ(*std::max_element(once.begin(), once.end()), parts - 1);
    EXPECT_EQ(graph.cut(parts, 7), graph.cut(parts, 7));
  }
}

TEST_F(FlashFlexGraph, IsCutWhereEdgesWeighNothing) {
  const CompleteGraph graph(std::vector<std::int64_t>(64, std::int64_t{1} << 44),
                            [](int, int) { return 0; });
  for (const int parts : {2, 7, 12}) {
    const std::vector<int> part_of = graph.cut(parts, -1);
    EXPECT_EQ(*std::max_element(part_of.begin(), part_of.end()) + 1, parts);
  }
}

TEST_F(FlashFlexGraph, KeepsMachinesTogetherByRate) {
  const CompleteGraph graph(std::vector<std::int64_t>(8, 1000), [](int a, int b) {
    return std::int64_t{a / 4 == b / 4 ? 100'000'000'000 : 1'000'000'000};
  });
  const std::vector<int> parts = graph.cut(2, -1);
  for (int g = 0; g < 8; ++g) EXPECT_EQ(parts[g], parts[g / 4 * 4]);
  EXPECT_NE(parts[0], parts[4]);
}

TEST_F(FlashFlexGraph, CutsPipelinesAcrossMachines) {
  GpuPool pool;
  pool.count = 16;
  pool.gpus_per_node = 4;
  const std::vector<Gpu> fleet = fleet_of({pool, pool});
  const Model model({2048, 1024, 50272, 24}, {{2e13, 4e10, 2e11}, {1e13, 1e10, 2e11}}, 5e9);
  const Cutter cutter(model, fleet, -1);
  std::vector<int> seen;
  for (const GpuSet& pipeline : cutter.pipelines(4)) {
    for (const GpuSet& group : cutter.groups(pipeline, 3)) {
      seen.insert(seen.end(), group.begin(), group.end());
    }
  }
  std::sort(seen.begin(), seen.end());
  std::vector<int> all(fleet.size());
  std::iota(all.begin(), all.end(), 0);
  EXPECT_EQ(seen, all);
}

}  // namespace
}  // namespace sextant::flashflex
