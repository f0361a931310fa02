// What moving from plan to plan costs, worked by hand.
#include "planner/training/elastic/transition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "tests/planner/elastic/small_plans.h"

namespace sextant {
namespace {

using testing::HasSubstr;

/// From `before`, on `count` GPUs, to `after`, on `left` of them.
struct Change {
  Plan before;
  int count = 0;
  Plan after;
  int left = 0;
  int per_node = 4;
};

Move move_of(const Change& change, const MoveOptions& options = {}) {
  const SmallProblem then = small_cluster(change.count, change.per_node);
  const SmallProblem now = small_cluster(change.left, change.per_node);
  const PlacedPlan running = place_on_nodes(change.before, then.cluster);
  const std::optional<Move> move = move_to(change.after, &running, now.problem(), options);
  EXPECT_TRUE(move.has_value());
  return move.value_or(Move());
}

TEST(Transition, ToTheSamePlanCostsNothing) {
  const Plan plan = plan_on({{0, 1}, {0, 1}}, 2);
  const Move move = move_of({plan, 8, plan, 8});
  EXPECT_FALSE(move.changes);
  EXPECT_EQ(move.seconds(), 0);
  EXPECT_EQ(move.placed.plan, plan);
}

TEST(Transition, ALostReplicaMovesNothing) {
  const Move move = move_of({plan_on({{0, 1}}, 4), 8, plan_on({{0}}, 4), 4});
  EXPECT_TRUE(move.changes);
  EXPECT_EQ(move.gpus_lost, 4);
  EXPECT_EQ(move.gpus_receiving, 0);
  EXPECT_EQ(move.network_bytes + move.inside_bytes + move.storage_bytes, 0);
  EXPECT_EQ(move.seconds(), 30);  // the restart
  EXPECT_TRUE(move.loses_iteration);
  EXPECT_FALSE(move.from_checkpoint);
}

TEST(Transition, ANewReplicaReceivesEverythingOnce) {
  // Each of four GPUs a quarter of four layers; 1.2 GB in all at 1 GB/s.
  const Move move = move_of({plan_on({{0}}, 4), 4, plan_on({{0, 1}}, 4), 8});
  EXPECT_EQ(move.gpus_lost, 0);
  EXPECT_EQ(move.gpus_receiving, 4);
  EXPECT_EQ(move.layers_received, 16);
  EXPECT_DOUBLE_EQ(move.network_bytes, 4 * kLayerStateBytes);
  EXPECT_EQ(move.inside_bytes, 0);
  EXPECT_DOUBLE_EQ(move.transfer_s, 1.2);
  EXPECT_DOUBLE_EQ(move.seconds(), 31.2);
  EXPECT_FALSE(move.loses_iteration);
}

TEST(Transition, SendersWorkSideBySideAndEachInTurn) {
  // One holder sends to two nodes in turn; then two holders send to one each.
  EXPECT_DOUBLE_EQ(move_of({plan_on({{0}}, 4), 4, plan_on({{0, 1, 2}}, 4), 12}).transfer_s, 2.4);
  // Layers are dealt out one by one, so that the two differ by no more than a part of one.
  EXPECT_NEAR(move_of({plan_on({{0, 1}}, 4), 8, plan_on({{0, 1, 2, 3}}, 4), 16}).transfer_s, 1.2,
              2 * SmallProblem::kParameterBytes / 4 / 1e9);
}

TEST(Transition, OnANodeOneCopyCrossesTheNetwork) {
  // Four replicas on the new node: one copy comes from node 0, three are made of it there.
  const Move move = move_of({plan_on({{0}}, 1), 4, plan_on({{0, 1, 1, 1, 1}}, 1), 8});
  EXPECT_DOUBLE_EQ(move.network_bytes, 4 * kLayerStateBytes);
  EXPECT_DOUBLE_EQ(move.inside_bytes, 3 * 4 * kLayerStateBytes);
  EXPECT_DOUBLE_EQ(move.transfer_s, 1.2 + 3.6);
}

TEST(Transition, ADeeperPipelineSendsTheLayersOfTheNewStage) {
  const Move apart = move_of({plan_on({{0}}, 1), 2, plan_on({{0}, {1}}, 1), 2, 1});
  EXPECT_DOUBLE_EQ(apart.network_bytes, 2 * kLayerStateBytes);
  EXPECT_EQ(apart.layers_received, 2);
  EXPECT_DOUBLE_EQ(apart.transfer_s, 0.6);
  const Move beside = move_of({plan_on({{0}}, 1), 2, plan_on({{0}, {0}}, 1), 2});
  EXPECT_EQ(beside.network_bytes, 0);
  EXPECT_DOUBLE_EQ(beside.inside_bytes, 2 * kLayerStateBytes);
  EXPECT_DOUBLE_EQ(beside.transfer_s, 0.6);
}

TEST(Transition, AnotherTensorDegreeMovesWhatIsNotHeld) {
  // The second GPU lacks its half of four layers; back again the first lacks the other half.
  const Plan one = plan_on({{0}}, 1);
  const Plan two = plan_on({{0}}, 2);
  const Move wider = move_of({one, 2, two, 2});
  EXPECT_EQ(wider.gpus_receiving, 1);
  EXPECT_DOUBLE_EQ(wider.inside_bytes, 2 * kLayerStateBytes);
  const Move narrower = move_of({two, 2, one, 2});
  EXPECT_EQ(narrower.gpus_receiving, 1);
  EXPECT_DOUBLE_EQ(narrower.inside_bytes, 2 * kLayerStateBytes);
  // 2 to 4: ranks 0 and 1 of four are halves of what GPUs 0 and 1 of two hold, where GPU 1 takes
  // rank 2 or 3 and the others receive a quarter each.
  const Move four = move_of({two, 4, plan_on({{0}}, 4), 4});
  EXPECT_EQ(four.gpus_receiving, 2);
  EXPECT_DOUBLE_EQ(four.inside_bytes, 2 * kLayerStateBytes);
}

TEST(Transition, NodesTakeTheRolesWhoseStateTheyHold) {
  // The new plan numbers its nodes the other way round; nothing has to move, but ranks change.
  const Move move = move_of({plan_on({{0}, {1}}, 4), 8, plan_on({{1}, {0}}, 4), 8});
  EXPECT_EQ(move.network_bytes, 0);
  EXPECT_EQ(move.placed.plan, plan_on({{0}, {1}}, 4));
  EXPECT_FALSE(move.changes);
}

TEST(Transition, ThePartialNodeTakesARoleThatFits) {
  // Node 1 has two GPUs: the replica of four stays on node 0 although both hold its state.
  const Move move = move_of({plan_on({{1}, {0}}, 2), 8, plan_on({{0}, {1}}, 2), 6});
  EXPECT_FALSE(move.changes);
  const SmallProblem now = small_cluster(6);
  EXPECT_FALSE(move_to(plan_on({{0, 1}}, 4), nullptr, now.problem(), {}).has_value());
  EXPECT_TRUE(move_to(plan_on({{1}}, 4), nullptr, now.problem(), {}).has_value());
}

TEST(Transition, StateThatNobodyHoldsMeansTheCheckpointForAll) {
  // The second stage is gone, and with it layers 2 and 3. Layers 0 and 1 are of a later iteration
  // than the checkpoint, so that the node that holds them reads them again.
  const Change change = {plan_on({{0}, {1}}, 1), 2, plan_on({{0}}, 1), 1, 1};
  const Move move = move_of(change, {.restart_s = 10, .storage_bytes_per_s = 2e9});
  EXPECT_TRUE(move.from_checkpoint);
  EXPECT_TRUE(move.loses_work);
  EXPECT_FALSE(move.loses_iteration);
  EXPECT_DOUBLE_EQ(move.storage_bytes, 4 * kLayerStateBytes);
  EXPECT_EQ(move.network_bytes, 0);
  EXPECT_DOUBLE_EQ(move.restore_s, 0.6);
  EXPECT_DOUBLE_EQ(move.seconds(), 10.6);
}

TEST(Transition, NoticeLongEnoughLetsThoseThatGoHandOver) {
  const Change change = {plan_on({{0}, {1}}, 1), 2, plan_on({{0}}, 1), 1, 1};
  const Move handed = move_of(change, {.notice_s = 0.6});
  EXPECT_FALSE(handed.from_checkpoint);
  EXPECT_FALSE(handed.loses_iteration);
  EXPECT_DOUBLE_EQ(handed.network_bytes, 2 * kLayerStateBytes);
  EXPECT_DOUBLE_EQ(handed.transfer_s, 0.6);
  // Too short for a link of 1 GB/s, but not for a checkpoint: each stage writes 0.6 GB at 2 GB/s.
  const Move written = move_of(change, {.storage_bytes_per_s = 2e9, .notice_s = 0.5});
  EXPECT_TRUE(written.from_checkpoint);
  EXPECT_FALSE(written.loses_work);
  EXPECT_TRUE(move_of(change, {.notice_s = 0.5}).loses_work);
}

TEST(Transition, ThroughStorageWhatGoesNoOtherWay) {
  // Without a loss the node writes 1.2 GB before both read it: 2.4 s, and nothing is lost.
  const MoveOptions storage = {.restart_s = 0, .through_storage = true};
  const Move grown = move_of({plan_on({{0}}, 4), 4, plan_on({{0, 1}}, 4), 8}, storage);
  EXPECT_TRUE(grown.from_checkpoint);
  EXPECT_FALSE(grown.loses_work);
  EXPECT_DOUBLE_EQ(grown.storage_bytes, 2 * 4 * kLayerStateBytes);
  EXPECT_DOUBLE_EQ(grown.seconds(), 2.4);
  // With one, the work since the last checkpoint is, although the other replica has it all.
  const Move shrunk = move_of({plan_on({{0, 1}}, 4), 8, plan_on({{0}}, 4), 4}, storage);
  EXPECT_TRUE(shrunk.loses_work);
  EXPECT_DOUBLE_EQ(shrunk.seconds(), 1.2);
  const Plan same = plan_on({{0}}, 4);
  EXPECT_EQ(move_of({same, 4, same, 4}, storage).seconds(), 0);
}

TEST(Transition, ZeroDividesTheOptimizerStateSoThatALossLosesIt) {
  EXPECT_FALSE(move_of({plan_on({{0, 1}}, 1), 2, plan_on({{0}}, 1), 1, 1}).from_checkpoint);
  EXPECT_TRUE(move_of({plan_on({{0, 1}}, 1, 1), 2, plan_on({{0}}, 1), 1, 1}).from_checkpoint);
  // Without a loss the other half of the moments comes from the other replica.
  const Move whole = move_of({plan_on({{0, 1}}, 1, 1), 2, plan_on({{0}}, 1), 2, 1});
  EXPECT_DOUBLE_EQ(whole.network_bytes, 4 * SmallProblem::kParameterBytes);
  // And the third stage of ZeRO divides the weights as well.
  const Move all = move_of({plan_on({{0, 1}}, 1, 3), 2, plan_on({{0}}, 1), 2, 1});
  EXPECT_DOUBLE_EQ(all.network_bytes, 4 * 1.5 * SmallProblem::kParameterBytes);
}

TEST(Transition, TheNearestHoldersSend) {
  // "there" costs 0.01 USD per GB from "here"; GPUs "B" are another type in the same zone.
  SmallProblem small = small_cluster(4);
  small.measure("B", 2, {4});
  small.add("B", "here", 4);
  small.add("A", "there", 8);
  Plan before = plan_on({{0, 0}}, 4);
  before.pipelines[0].stages[0].replicas[0].machines[0] = {"B", "here", 0, 4};
  before.pipelines[0].stages[0].replicas[1].machines[0] = {"A", "there", 0, 4};
  const PlacedPlan running = place_on_nodes(before, small.cluster);
  const std::optional<Move> near = move_to(plan_on({{0}}, 4), &running, small.problem(), {});
  ASSERT_TRUE(near.has_value());
  EXPECT_DOUBLE_EQ(near->network_bytes, 4 * kLayerStateBytes);
  EXPECT_EQ(near->egress_usd, 0);  // from the B's

  before.pipelines[0].stages[0].replicas.erase(before.pipelines[0].stages[0].replicas.begin());
  const PlacedPlan far = place_on_nodes(before, small.cluster);
  const std::optional<Move> move = move_to(plan_on({{0}}, 4), &far, small.problem(), {});
  ASSERT_TRUE(move.has_value());
  EXPECT_DOUBLE_EQ(move->egress_usd, 1.2 * 0.01);
}

TEST(Transition, APlanThatTheLauncherPlacesFillsNodesInOrder) {
  Plan plan = plan_on({{-1, -1}, {-1, -1}}, 2);
  const PlacedPlan placed = place_on_nodes(plan, small_cluster(8).cluster);
  EXPECT_EQ(placed.plan, plan_on({{0, 0}, {1, 1}}, 2));
  const NodeState& first = placed.nodes.at({"A", "here", 0});
  ASSERT_EQ(first.size(), 4U);
  EXPECT_EQ(first[1].parts.at({1, true}), FractionSet(0.5, 1));
  EXPECT_EQ(first[0].parts.size(), 4U);  // weights and optimizer state of two layers
  EXPECT_EQ(first[0], first[2]);         // the same rank of two replicas
}

TEST(Transition, RefusesPlansBeyondTheCluster) {
  try {
    place_on_nodes(plan_on({{0, 0}}, 4), small_cluster(8).cluster);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadInput);
    EXPECT_THAT(error.what(),
                HasSubstr("uses 8 GPUs of node 0 of \"A\" in zone \"here\", which has 4"));
  }
}

TEST(Transition, NamesTheDegreeThatTheProfileLacks) {
  SmallProblem small = small_cluster(8);
  small.profile.memory.erase(4);
  try {
    move_to(plan_on({{0, 1}}, 4), nullptr, small.problem(), {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadInput);
    EXPECT_THAT(error.what(), HasSubstr("4"));
  }
}

TEST(Transition, ACheckpointIsWrittenOnceByNodesSideBySide) {
  // Two stages on two nodes, each twice: each node's first holder writes two layers.
  const PlacedPlan placed = place_on_nodes(plan_on({{0, 2}, {1, 3}}, 4), small_cluster(16).cluster);
  const SmallProblem small = small_cluster(16);
  EXPECT_DOUBLE_EQ(checkpoint_s(placed, small.problem(), {.storage_bytes_per_s = 1e9}), 0.6);
}

}  // namespace
}  // namespace sextant
