#include <algorithm>
#include <functional>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "planner/topology/shape/mappings.h"
#include "tests/planner/topology/shape/shape_problems.h"

namespace sextant {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string message_of(ErrorCode code, const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    return error.what();
  }
  return "no error";
}

std::string infeasible(const ShapeProblem& problem) {
  return message_of(ErrorCode::kInfeasible, [&] { search_shape(problem); });
}

std::string refused(const ShapeProblem& problem) {
  return message_of(ErrorCode::kBadInput, [&] { search_shape(problem); });
}

ShapeProblem two_tiers(int model, int data) {
  ShapeProblem problem = shape_problem(gpt3(model, data), BandwidthTarget::kTime);
  problem.tiers = {{"Package", 8}, {"Node", 16}};
  return problem;
}

TEST(ShapeLimits, AreRespected) {
  ShapeProblem problem = shape_problem(gpt3(16, 64), BandwidthTarget::kTime);
  problem.most_dimensions = 3;
  problem.tiers = {{"Tile", 4, {BuildingBlock::kFullyConnected}, 100e9},
                   {"Package", 8, {BuildingBlock::kSwitch}, 150e9},
                   {"Node", 16},
                   {"Pod", 64, {BuildingBlock::kSwitch}, 200e9}};
  problem.keep = 1000;
  const ShapeSearch found = search_shape(problem);
  EXPECT_GT(found.best.size(), 10U);
  for (const NetworkShape& shape : found.best) {
    const Topology& topology = shape.topology;
    EXPECT_EQ(topology.npus(), 1024);
    EXPECT_LE(topology.dimensions.size(), 3U);
    EXPECT_NO_THROW(check(topology));
    EXPECT_NO_THROW(check(shape.groups, gpt3(16, 64), topology));
    double total = 0;
    auto tier = problem.tiers.begin();
    for (std::size_t d = 0; d < topology.dimensions.size(); ++d) {
      const TopologyDimension& dimension = topology.dimensions[d];
      while (tier->name != dimension.tier) ++tier;  // in the order of the list
      EXPECT_LE(dimension.npus, tier->most_npus > 0 ? tier->most_npus : 1024);
      EXPECT_NE(std::find(tier->blocks.begin(), tier->blocks.end(), dimension.block),
                tier->blocks.end());
      const double bandwidth = shape.division.bandwidth_bytes_per_s[d];
      EXPECT_LE(bandwidth, tier->most_bytes_per_s.value_or(325e9) * (1 + 1e-9));
      total += bandwidth;
    }
    EXPECT_NEAR(total, 325e9, 1);
  }
}

TEST(ShapeLimits, TakesTheCheapestBlockThatHasAPrice) {
  ShapeProblem problem = two_tiers(4, 4);
  problem.prices["Node"] = {4.0, -3.0};  // a switch at 1 against half a link at 2
  problem.keep = 100;
  for (const NetworkShape& shape : search_shape(problem).best) {
    for (const TopologyDimension& dimension : shape.topology.dimensions) {
      EXPECT_EQ(dimension.block,
                dimension.tier == "Node" ? BuildingBlock::kSwitch : BuildingBlock::kRing);
    }
  }
  problem.tiers = {{"Tile", 0, {BuildingBlock::kSwitch}}};
  EXPECT_THAT(refused(problem), HasSubstr("tier \"Tile\" has no price of a switch"));
  problem.tiers = {{"Rack"}};
  EXPECT_THAT(refused(problem), HasSubstr("there are no prices of tier \"Rack\""));
}

TEST(ShapeLimits, SaysWhatBindsWhereThereIsNoShape) {
  EXPECT_THAT(infeasible(two_tiers(16, 64)),
              HasSubstr("no network has 1024 NPUs with tiers of these sizes: Package at most 8, "
                        "Node at most 16; the largest divisor of 1024 that they reach is 128"));
  EXPECT_THAT(infeasible(two_tiers(2, 19)), HasSubstr("the largest divisor of 38 that they reach "
                                                      "is 2"));
  ShapeProblem one_dimension = two_tiers(8, 16);
  one_dimension.most_dimensions = 1;
  EXPECT_THAT(infeasible(one_dimension),
              HasSubstr("no network of at most 1 dimensions has 128 NPUs with tiers of these "
                        "sizes: Package at most 8, Node at most 16; it takes 2 dimensions"));
  ShapeProblem narrow = two_tiers(8, 16);
  for (ShapeTier& tier : narrow.tiers) tier.most_bytes_per_s = 100e9;
  EXPECT_THAT(infeasible(narrow), HasSubstr("325 GB/s for each NPU are more than the 200 GB/s that "
                                            "the tiers of any network of 128 NPUs carry"));
  // Whichever of the groups is inside, 4 and 9 do not share a dimension of 6.
  ShapeProblem sixes = two_tiers(4, 9);
  sixes.tiers = {{"Package", 6}, {"Node", 6}};
  EXPECT_THAT(infeasible(sixes), HasSubstr("groups of model 4 x data 9 fit no network of 36 NPUs"));
  sixes.placement = GroupPlacement::kAny;
  EXPECT_THAT(search_shape(sixes).best.front().groups,
              ElementsAre(ElementsAre(2, 2), ElementsAre(3, 3)));
}

TEST(ShapeLimits, RefusesWhatMakesNoSense) {
  const ShapeProblem sound = two_tiers(8, 16);
  const auto with = [&](const auto& change) {
    ShapeProblem problem = sound;
    change(problem);
    return refused(problem);
  };
  EXPECT_THAT(with([](ShapeProblem& p) { p.total_bytes_per_s = 0; }),
              HasSubstr("a budget of 0 GB/s; expected more than 0"));
  EXPECT_THAT(with([](ShapeProblem& p) { p.tiers.clear(); }),
              HasSubstr("0 tiers; expected 1 to 10"));
  EXPECT_THAT(with([](ShapeProblem& p) { p.most_dimensions = 0; }),
              HasSubstr("at most 0 dimensions; expected 1 to 10"));
  EXPECT_THAT(with([](ShapeProblem& p) { p.tiers[0].most_npus = 1; }),
              HasSubstr("tier \"Package\" of at most 1 NPUs; expected at least 2"));
  EXPECT_THAT(with([](ShapeProblem& p) { p.tiers[0].blocks.clear(); }),
              HasSubstr("tier \"Package\" has no blocks"));
  EXPECT_THAT(with([](ShapeProblem& p) { p.tiers[0].most_bytes_per_s = -1e9; }),
              HasSubstr("tier \"Package\" of at most -1 GB/s"));
  EXPECT_THAT(with([](ShapeProblem& p) { p.groups.clear(); }), HasSubstr("0 groups"));
  EXPECT_THAT(with([](ShapeProblem& p) { p.groups[0].npus = 0; }),
              HasSubstr("group \"model\" has no NPUs"));
  EXPECT_THAT(with([](ShapeProblem& p) {
                p.groups = {{"model", 1}};
              }),
              HasSubstr("the groups make up 1 NPUs; expected 2 to 16777216"));
  EXPECT_THAT(with([](ShapeProblem& p) {
                p.groups = {{"a", 1 << 30}, {"b", 1 << 30}};
              }),
              HasSubstr("the groups make up 16777217 NPUs"));
  EXPECT_THAT(with([](ShapeProblem& p) { p.keep = 0; }),
              HasSubstr("none of the best is asked for"));
  EXPECT_THAT(with([](ShapeProblem& p) {
                p.groups = {{"model", 1 << 12}, {"data", 1 << 12}};
                p.most_dimensions = 8;
                p.tiers.assign(8, {"Node"});
              }),
              HasSubstr("the search has more than 200000 shapes; allow fewer dimensions"));
}

TEST(Mappings, AreAllThereAreAndEachOnce) {
  const std::vector<int> sizes = {4, 6};
  const std::vector<ParallelGroup> groups = {{"a", 2}, {"b", 12}};
  const auto ordered = shapes::mappings(sizes, groups, GroupPlacement::kOrdered, kMostShapes);
  EXPECT_THAT(ordered, ElementsAre(ElementsAre(ElementsAre(1, 2), ElementsAre(4, 3)),
                                   ElementsAre(ElementsAre(2, 1), ElementsAre(2, 6))));
  EXPECT_EQ(shapes::mappings(sizes, groups, GroupPlacement::kAny, kMostShapes), ordered);
  const std::vector<ParallelGroup> alone = {{"a", 1}, {"b", 24}, {"c", 1}};
  EXPECT_EQ(shapes::mappings(sizes, alone, GroupPlacement::kOrdered, kMostShapes).size(), 1U);
  const std::vector<ParallelGroup> many = {{"a", 4}, {"b", 16}, {"c", 8}};
  const std::vector<int> dimensions = {8, 8, 8};
  const auto some = shapes::mappings(dimensions, many, GroupPlacement::kOrdered, kMostShapes);
  const auto all = shapes::mappings(dimensions, many, GroupPlacement::kAny, kMostShapes);
  const std::set<std::vector<GroupShape>> distinct(all.begin(), all.end());
  EXPECT_EQ(some.size(), 6U);
  EXPECT_EQ(distinct.size(), all.size());
  for (const auto& mapping : some) EXPECT_EQ(distinct.count(mapping), 1U);
  EXPECT_EQ(shapes::mappings(dimensions, many, GroupPlacement::kAny, 10).size(), 11U);
  const std::vector<ParallelGroup> misfits = {{"a", 5}, {"b", 7}};
  EXPECT_THAT(shapes::mappings(sizes, misfits, GroupPlacement::kAny, kMostShapes), IsEmpty());
}

}  // namespace
}  // namespace sextant
