#include "planner/topology/shape/shape_search.h"

#include <algorithm>
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "analyzer/model/zoo.h"
#include "analyzer/topology/generated/generated_workload.h"
#include "tests/planner/topology/shape/shape_problems.h"

namespace sextant {
namespace {

using ::testing::ElementsAre;

BandwidthDivision divide(const ShapeProblem& problem, const Topology& topology,
                         const std::vector<GroupShape>& groups) {
  BandwidthProblem division;
  division.time = problem.time(groups);
  division.usd_per_byte_per_s = usd_per_byte_per_s(topology, problem.prices, problem.convention);
  division.target = problem.target;
  division.constraints = {total_budget(topology.dimensions.size(), problem.total_bytes_per_s)};
  return divide_bandwidth(division);
}

/// Every network of the tiers: a size and a block, or no dimension, for each.
void each_topology(const ShapeProblem& problem, int npus, Topology& topology, std::size_t tier,
                   const std::function<void(const Topology&)>& visit) {
  if (tier == problem.tiers.size()) {
    if (!topology.dimensions.empty() && topology.npus() == npus &&
        topology.dimensions.size() <= static_cast<std::size_t>(problem.most_dimensions)) {
      visit(topology);
    }
    return;
  }
  each_topology(problem, npus, topology, tier + 1, visit);
  const ShapeTier& made = problem.tiers[tier];
  for (int size = 2; size <= (made.most_npus > 0 ? made.most_npus : npus); ++size) {
    if (npus % size != 0) continue;
    for (const BuildingBlock block : made.blocks) {
      if (block == BuildingBlock::kSwitch && !problem.prices.at(made.name).switch_port) continue;
      topology.dimensions.push_back({size, block, made.name});
      each_topology(problem, npus, topology, tier + 1, visit);
      topology.dimensions.pop_back();
    }
  }
}

/// Every placement of two groups: the second has what the first leaves of each dimension.
void each_placement(const Topology& topology, int first,
                    const std::function<void(const std::vector<GroupShape>&)>& visit) {
  std::vector<GroupShape> shapes(2, GroupShape(topology.dimensions.size(), 1));
  const std::function<void(std::size_t, int)> place = [&](std::size_t d, int left) {
    if (d == topology.dimensions.size()) {
      if (left == 1) visit(shapes);
      return;
    }
    for (int extent = 1; extent <= left; ++extent) {
      const int npus = topology.dimensions[d].npus;
      if (npus % extent != 0 || left % extent != 0) continue;
      shapes[0][d] = extent;
      shapes[1][d] = npus / extent;
      place(d + 1, left / extent);
    }
  };
  place(0, first);
}

void each_ordered_placement(const Topology& topology, const Workload& workload,
                            const std::function<void(const std::vector<GroupShape>&)>& visit) {
  const ParallelGroup& model = workload.groups[0];
  const ParallelGroup& data = workload.groups[1];
  const auto visit_if_it_fits = [&](const auto& map) {
    std::vector<GroupShape> shapes;
    try {
      shapes = map();
    } catch (const Error&) {
      return;
    }
    visit(shapes);
  };
  visit_if_it_fits([&] { return map_from_both_ends(topology, model.npus, data.npus); });
  visit_if_it_fits([&] {
    const std::vector<ParallelGroup> groups = {data, model};
    std::vector<GroupShape> shapes = map_inside_out(topology, groups);
    std::swap(shapes[0], shapes[1]);
    return shapes;
  });
}

struct Case {
  int model;
  int data;
  BandwidthTarget target;
  TrainingLoop loop;
  GroupPlacement placement;
};

class BruteForce : public ::testing::TestWithParam<Case> {};

TEST_P(BruteForce, FindsNothingBetter) {
  const Case& param = GetParam();
  const Workload workload = gpt3(param.model, param.data);
  ShapeProblem problem = shape_problem(workload, param.target, param.loop);
  problem.placement = param.placement;
  problem.most_dimensions = 3;
  std::vector<double> objectives;
  Topology topology;
  each_topology(problem, param.model * param.data, topology, 0, [&](const Topology& network) {
    const auto add = [&](const std::vector<GroupShape>& shapes) {
      objectives.push_back(divide(problem, network, shapes).objective);
    };
    if (param.placement == GroupPlacement::kAny) {
      each_placement(network, param.model, add);
    } else {
      each_ordered_placement(network, workload, add);
    }
  });
  const ShapeSearch found = search_shape(problem);
  ASSERT_EQ(found.best.size(), 1U);
  const NetworkShape& best = found.best.front();
  EXPECT_NEAR(best.division.objective, *std::min_element(objectives.begin(), objectives.end()),
              1e-9 * best.division.objective);
  EXPECT_EQ(divide(problem, best.topology, best.groups).objective, best.division.objective);
  EXPECT_LE(found.lower_bound, best.division.objective);
  EXPECT_GE(found.lower_bound, best.division.objective * (1 - 1e-8));

  // Nor does pruning change anything about the best.
  problem.keep = kMostShapes;
  const ShapeSearch all = search_shape(problem);
  EXPECT_EQ(all.pruned, 0U);
  EXPECT_EQ(all.best.size(), found.evaluated + found.pruned);
  EXPECT_EQ(all.best.front().topology.describe(), best.topology.describe());
  EXPECT_EQ(all.best.front().groups, best.groups);
  for (std::size_t i = 1; i < all.best.size(); ++i) {
    EXPECT_LE(all.best[i - 1].division.objective, all.best[i].division.objective * (1 + 1e-9));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Small, BruteForce,
    ::testing::Values(
        Case{4, 6, BandwidthTarget::kTime, TrainingLoop::kNoOverlap, GroupPlacement::kOrdered},
        Case{4, 6, BandwidthTarget::kTimeTimesCost, TrainingLoop::kNoOverlap, GroupPlacement::kAny},
        Case{8, 8, BandwidthTarget::kTime, TrainingLoop::kNoOverlap, GroupPlacement::kAny},
        Case{8, 8, BandwidthTarget::kTimeTimesCost, TrainingLoop::kNoOverlap,
             GroupPlacement::kOrdered},
        Case{8, 8, BandwidthTarget::kTime, TrainingLoop::kOverlap, GroupPlacement::kOrdered},
        Case{6, 12, BandwidthTarget::kTimeTimesCost, TrainingLoop::kOverlap,
             GroupPlacement::kOrdered}));

Topology libra_network(const std::string& name) {
  const TopologyDimension pod = {0, BuildingBlock::kSwitch, "Pod"};
  Topology topology = {name, {}};
  if (name == "2D") topology.dimensions = {{8, BuildingBlock::kRing, "Package"}, pod};
  if (name == "3D") {
    topology.dimensions = {
        {8, BuildingBlock::kRing, "Package"}, {8, BuildingBlock::kFullyConnected, "Node"}, pod};
  }
  if (name == "4D") {
    topology.dimensions = {{2, BuildingBlock::kRing, "Tile"},
                           {8, BuildingBlock::kFullyConnected, "Package"},
                           {8, BuildingBlock::kRing, "Node"},
                           pod};
  }
  topology.dimensions.back().npus = 1;
  topology.dimensions.back().npus = 1024 / topology.npus();
  return topology;
}

TEST(ShapeSearch, IsNeverWorseThanANetworkOfItsSpace) {
  const Workload workload = gpt3(16, 64);
  for (const BandwidthTarget target : {BandwidthTarget::kTime, BandwidthTarget::kTimeTimesCost}) {
    const ShapeProblem problem = shape_problem(workload, target);
    const double best = search_shape(problem).best.front().division.objective;
    for (const char* name : {"2D", "3D", "4D"}) {
      const Topology network = libra_network(name);
      const double given = divide(problem, network, map_from_both_ends(network, 16, 64)).objective;
      EXPECT_LE(best, given * (1 + 1e-12)) << name;
    }
  }
}

TEST(ShapeSearch, MoreFreedomNeverHurts) {
  ShapeProblem problem = shape_problem(gpt3(16, 64), BandwidthTarget::kTimeTimesCost);
  double last = INFINITY;
  for (problem.most_dimensions = 2; problem.most_dimensions <= 4; ++problem.most_dimensions) {
    for (const GroupPlacement placement : {GroupPlacement::kOrdered, GroupPlacement::kAny}) {
      problem.placement = placement;
      const double best = search_shape(problem).best.front().division.objective;
      EXPECT_LE(best, last * (1 + 1e-12));
      last = placement == GroupPlacement::kOrdered ? best : last;
    }
  }
}

TEST(ShapeSearch, TiesGoToTheCheaperThenToFewerDimensions) {
  // One group of all NPUs: its all-reduce takes as long in any shape.
  Workload workload = gpt3(1, 16);
  ShapeProblem problem = shape_problem(workload, BandwidthTarget::kTime);
  problem.prices = {{"A", {4.0}}, {"B", {4.0}}, {"C", {2.0}}};
  problem.tiers = {{"A"}, {"B"}, {"C"}};
  problem.keep = 6;
  const ShapeSearch found = search_shape(problem);
  ASSERT_EQ(found.best.size(), 6U);
  const auto text = [&](std::size_t i) {
    std::string all;
    for (const TopologyDimension& d : found.best[i].topology.dimensions) {
      all += d.tier + std::to_string(d.npus);
    }
    return all;
  };
  EXPECT_EQ(text(0), "C16");
  EXPECT_EQ(text(1), "A2C8");  // half of the bandwidth costs twice as much
  EXPECT_EQ(text(2), "B2C8");
  EXPECT_EQ(text(3), "A4C4");
  EXPECT_EQ(text(4), "B4C4");
  EXPECT_EQ(text(5), "A2B2C4");  // costs the same
}

TEST(ShapeSearch, ATierMayBeListedTwice) {
  ShapeProblem problem = shape_problem(gpt3(4, 4), BandwidthTarget::kTime);
  problem.tiers = {{"Node", 4}, {"Node", 4}};
  problem.keep = 10;
  const ShapeSearch found = search_shape(problem);
  ASSERT_EQ(found.best.size(), 2U);  // model inside, data inside
  for (const NetworkShape& shape : found.best) {
    EXPECT_EQ(shape.topology.describe(), "2D Ring(4)_Ring(4)");
  }
}

TEST(ShapeSearch, PlacesTheAxesOfAGeneratedWorkload) {
  const Parallelism parallelism = {
      .tensor = 8, .pipeline = 4, .data = 32, .microbatch = 1, .microbatches = 16};
  const Workload workload =
      generate_workload(zoo_model("GPT-3-175B"), parallelism, gpu_named("A100-80"));
  ShapeProblem problem = shape_problem(workload, BandwidthTarget::kTime);
  problem.groups = parallel_axes(parallelism);
  problem.time = [&](const std::vector<GroupShape>& axes) {
    return step_time(workload, shapes_of_groups(parallelism, axes), TrainingLoop::kNoOverlap);
  };
  problem.tiers = {{"Node", 8}, {"Pod", 128}};
  const ShapeSearch found = search_shape(problem);
  const NetworkShape& best = found.best.front();
  EXPECT_NO_THROW(check(shapes_of_groups(parallelism, best.groups), workload, best.topology));
  EXPECT_THAT(best.division.bandwidth_bytes_per_s, ElementsAre(testing::Gt(0), testing::Gt(0)));
  Topology usual = {"usual",
                    {{8, BuildingBlock::kRing, "Node"}, {128, BuildingBlock::kRing, "Pod"}}};
  const std::vector<ParallelGroup> axes = parallel_axes(parallelism);
  EXPECT_LE(best.division.objective,
            divide(problem, usual, map_inside_out(usual, axes)).objective * (1 + 1e-12));
}

}  // namespace
}  // namespace sextant
