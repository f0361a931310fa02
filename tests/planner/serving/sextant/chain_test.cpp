#include <gtest/gtest.h>

#include "analyzer/serving/flow/placement_flow.h"
#include "planner/serving/sextant/chain_score.h"
#include "planner/serving/sextant/interval_flow.h"
#include "planner/serving/sextant/stage_chain.h"
#include "tests/planner/serving/sextant/random_cluster.h"

namespace sextant {
namespace {

TEST(StageChain, MovesKeepPipelinesWhole) {
  Random random(7);
  const ServingProfiles profiles = linear_profiles(10);
  const ServingCluster cluster = random_cluster(14, random);
  const PlacementProblem problem = placement_problem(cluster, profiles);
  const SearchInstance instance = search_instance(problem);
  StageChain chain = random_pipelines(instance, 2, random);
  ASSERT_TRUE(feasible(instance, chain));
  int accepted = 0;
  for (int i = 0; i < 2000; ++i) {
    StageChain moved = chain;
    move_at_random(instance, moved, random);
    // Whatever else a move breaks, each pipeline has the model's layers.
    int layers = 0;
    for (const int held : moved.layers) {
      ASSERT_GT(held, 0);
      layers += held;
      ASSERT_LE(layers, 10);
      if (layers == 10) layers = 0;
    }
    ASSERT_EQ(layers, 0);
    if (!feasible(instance, moved)) continue;
    ++accepted;
    chain = moved;
    const Placement placement = chain_placement(chain, 10);
    for (std::size_t m = 0; m < placement.size(); ++m) {
      ASSERT_LE(placement[m].layers(), instance.max_layers[m]);
      ASSERT_LE(placement[m].end, 10);
    }
  }
  EXPECT_GT(accepted, 200);
}

TEST(StageChain, PipelinesAreFoundByTheirStages) {
  const StageChain chain{{0, 1, 2, 3, 4}, {4, 6, 3, 3, 4}};
  EXPECT_EQ(pipeline_of(chain, 10, 1).first, 0);
  EXPECT_EQ(pipeline_of(chain, 10, 1).end, 2);
  EXPECT_EQ(pipeline_of(chain, 10, 2).first, 2);
  EXPECT_EQ(pipeline_of(chain, 10, 4).end, 5);
  const Placement placement = chain_placement(chain, 10);
  EXPECT_EQ(placement[2], (LayerInterval{0, 3}));
  EXPECT_EQ(placement[4], (LayerInterval{6, 10}));
}

TEST(IntervalFlow, IsThePlacementsFlow) {
  Random random(3);
  const ServingProfiles profiles = linear_profiles(8);
  for (int round = 0; round < 20; ++round) {
    const ServingCluster cluster = random_cluster(9, random);
    const PlacementProblem problem = placement_problem(cluster, profiles);
    const SearchInstance instance = search_instance(problem);
    IntervalFlow flow(instance);
    StageChain chain = random_chain(instance, random);
    if (chain.layers.empty()) continue;
    for (int move = 0; move < 20; ++move) {
      StageChain moved = chain;
      move_at_random(instance, moved, random);
      if (!feasible(instance, moved)) continue;
      chain = moved;
      const Placement placement = chain_placement(chain, 8);
      const double expected =
          placement_flow(cluster, profiles, problem.throughput, placement, false);
      EXPECT_NEAR(flow.flow(placement), expected, 1e-9 * (1 + expected));
    }
  }
}

TEST(StageChain, BeginsWithTheTightestStage) {
  Random random(5);
  const ServingProfiles profiles = linear_profiles(10);
  const ServingCluster cluster = random_cluster(12, random);
  const PlacementProblem problem = placement_problem(cluster, profiles);
  const SearchInstance instance = search_instance(problem);
  StageChain chain = random_chain(instance, random);
  begin_with_tightest(instance, chain);
  ASSERT_TRUE(feasible(instance, chain));
  std::vector<double> room(chain.layers.size(), 0);
  for (std::size_t i = 0; i < chain.stage_of.size(); ++i) {
    if (chain.stage_of[i] == StageChain::kUnused) continue;
    const auto stage = static_cast<std::size_t>(chain.stage_of[i]);
    room[stage] += instance.kv_tokens[static_cast<std::size_t>(instance.type[i])]
                                     [static_cast<std::size_t>(chain.layers[stage])];
  }
  for (const double other : room) EXPECT_LE(room.front(), other);
}

}  // namespace
}  // namespace sextant
