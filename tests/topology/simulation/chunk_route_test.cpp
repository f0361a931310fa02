#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/topology/simulation/small_network.h"

namespace sextant {
namespace {

using ::testing::Each;
using ::testing::Gt;

struct Routes {
  SimulatedStep ascending;
  SimulatedStep balanced;
};

Routes both_ways(CommunicationOp op, double bytes, const GroupShape& group,
                 SimulatedNetwork network) {
  Routes routes;
  routes.ascending = simulate_one(op, bytes, group, network);
  network.route = ChunkRoute::kBalanced;
  routes.balanced = simulate_one(op, bytes, group, network);
  return routes;
}

TEST(ChunkRoute, BalancedUsesWhatAscendingLeavesIdle) {
  // Equal bandwidth: ascending sends 8 times as much through dimension 0.
  const SimulatedNetwork network = switches({8, 8}, {100, 100}, 64);
  for (const CommunicationOp op : {CommunicationOp::kAllReduce, CommunicationOp::kReduceScatter,
                                   CommunicationOp::kAllGather}) {
    SCOPED_TRACE(to_string(op));
    const Routes routes = both_ways(op, 64e6, {8, 8}, network);
    EXPECT_LT(routes.ascending.utilisation[1], 0.13);
    EXPECT_THAT(routes.balanced.utilisation, Each(Gt(0.95)));
    EXPECT_LT(routes.balanced.step_s, 0.6 * routes.ascending.step_s);
  }
}

TEST(ChunkRoute, BalancedKeepsABalancedNetworkAscending) {
  const SimulatedNetwork network = switches({8, 8}, {80, 10}, 64);
  const Routes routes = both_ways(CommunicationOp::kAllReduce, 64e6, {8, 8}, network);
  EXPECT_EQ(routes.balanced.step_s, routes.ascending.step_s);
  EXPECT_EQ(routes.balanced.sent_bytes, routes.ascending.sent_bytes);
}

TEST(ChunkRoute, AllToAllHasNothingToChoose) {
  const SimulatedNetwork network = switches({8, 8}, {100, 100}, 64);
  const Routes routes = both_ways(CommunicationOp::kAllToAll, 64e6, {8, 8}, network);
  EXPECT_EQ(routes.balanced.step_s, routes.ascending.step_s);
}

}  // namespace
}  // namespace sextant
