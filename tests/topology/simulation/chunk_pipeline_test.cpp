#include "analyzer/topology/simulation/chunk_pipeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/topology/simulation/small_network.h"

namespace sextant {
namespace {

using ::testing::ElementsAre;

/// Three chunks of 100 ns in one dimension.
ChunkedCollective three_chunks() {
  return {3, 1, {{0, 100}}, {0}};
}

TEST(ChunkPipeline, TheOldestCollectiveGoesFirst) {
  const ChunkedCollective collective = three_chunks();
  ChunkPipeline pipeline(1, CollectiveOrder::kFifo);
  pipeline.start(collective, 0);
  pipeline.start(collective, 10);
  EXPECT_EQ(pipeline.run_until_latest_done(), 600);
  EXPECT_TRUE(pipeline.idle());
}

TEST(ChunkPipeline, TheNewestCollectiveGoesFirst) {
  const ChunkedCollective collective = three_chunks();
  ChunkPipeline pipeline(1, CollectiveOrder::kLifo);
  pipeline.start(collective, 0);
  pipeline.start(collective, 10);
  EXPECT_EQ(pipeline.run_until_latest_done(), 400);  // after the chunk that was under way
  EXPECT_FALSE(pipeline.idle());
  EXPECT_EQ(pipeline.run_until_idle(), 600);
}

TEST(ChunkPipeline, StopsAndGoesOn) {
  const ChunkedCollective collective = three_chunks();
  ChunkPipeline pipeline(1, CollectiveOrder::kFifo);
  pipeline.start(collective, 5);
  pipeline.run_until(304);
  EXPECT_FALSE(pipeline.idle());
  pipeline.run_until(305);
  EXPECT_TRUE(pipeline.idle());
  EXPECT_EQ(pipeline.now_ns(), 305);
  pipeline.start(collective, 1000);
  EXPECT_EQ(pipeline.run_until_idle(), 1300);
}

TEST(ChunkPipeline, AnAllReduceGoesThroughTheDimensionsAndBack) {
  // A chunk of 4000 bytes: 2000 ns in dimension 0, 2 * 1000 in dimension 1, 2000 back in dimension
  // 0. The second of two follows 2000 ns behind and fills what the first leaves idle.
  const auto ns = [](int chunks) {
    return simulate_one(CommunicationOp::kAllReduce, 4000 * chunks, {2, 2},
                        switches({2, 2}, {1, 1}, chunks))
                   .step_s *
               1e9 -
           kOneCollectiveNs;
  };
  EXPECT_NEAR(ns(1), 6000, 1e-3);
  EXPECT_NEAR(ns(2), 8000, 1e-3);
  EXPECT_NEAR(ns(3), 12000, 1e-3);  // dimension 0 never rests
}

TEST(ChunkPipeline, WhatIsSentOverWhatCouldHaveBeen) {
  const SimulatedStep step =
      simulate_one(CommunicationOp::kAllReduce, 8000, {2, 2}, switches({2, 2}, {1, 1}, 2));
  EXPECT_THAT(step.sent_bytes, ElementsAre(8000, 4000));
  EXPECT_THAT(step.utilisation, ElementsAre(1, 0.5));
}

TEST(ChunkPipeline, AllGatherGrowsOnItsWayIn) {
  // A shard of 1000 bytes: 1000 in dimension 1, then 2000 in dimension 0.
  const SimulatedStep step =
      simulate_one(CommunicationOp::kAllGather, 1000, {2, 2}, switches({2, 2}, {1, 1}, 1));
  EXPECT_THAT(step.sent_bytes, ElementsAre(2000, 1000));
  EXPECT_NEAR(step.step_s * 1e9, 3000 + kOneCollectiveNs, 1e-3);
}

TEST(ChunkPipeline, AllToAllAndMessagesDoNotShrink) {
  const SimulatedNetwork network = switches({2, 4}, {1, 1}, 1);
  const SimulatedStep dealt = simulate_one(CommunicationOp::kAllToAll, 4000, {2, 4}, network);
  EXPECT_THAT(dealt.sent_bytes, ElementsAre(2000, 3000));
  EXPECT_NEAR(dealt.step_s * 1e9, 5000 + kOneCollectiveNs, 1e-3);
  const SimulatedStep sent = simulate_one(CommunicationOp::kSendRecv, 4000, {1, 4}, network);
  EXPECT_THAT(sent.sent_bytes, ElementsAre(0, 4000));
  EXPECT_NEAR(sent.step_s * 1e9, 4000 + kOneCollectiveNs, 1e-3);
}

}  // namespace
}  // namespace sextant
