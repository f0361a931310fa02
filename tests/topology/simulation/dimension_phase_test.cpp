#include "analyzer/topology/simulation/dimension_phase.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"

namespace sextant {
namespace {

/// Links of 1 byte/ns and 1 ns.
SimulatedNetwork::Dimension dimension(int npus, BuildingBlock block, DimensionAlgorithm algorithm,
                                      int links = 1) {
  return {npus, block, algorithm, links, 1e9};
}

void expect_phase(CommunicationOp op, const SimulatedNetwork::Dimension& on, double bytes,
                  double ns, double sent_bytes) {
  const DimensionPhase phase = dimension_phase(op, on, on.npus, bytes, 1e-9);
  EXPECT_EQ(phase.ns, ns);
  EXPECT_EQ(phase.sent_bytes, sent_bytes);
}

TEST(DimensionPhase, RingOfFour) {
  const auto ring = dimension(4, BuildingBlock::kRing, DimensionAlgorithm::kRing);
  // A message of 1000 bytes takes 1000 + 1 hop + 1 at the endpoint, which each phase pays once
  // more.
  expect_phase(CommunicationOp::kAllReduce, ring, 4000, 6 * 1002 + 1, 6000);
  expect_phase(CommunicationOp::kReduceScatter, ring, 4000, 3 * 1002 + 1, 3000);
  expect_phase(CommunicationOp::kAllGather, ring, 1000, 3 * 1002 + 1, 3000);
  expect_phase(CommunicationOp::kSendRecv, ring, 1000, 1002 + 1, 1000);
  // Each of three messages that are added up costs 3 * int(1e6 / 500000) ns.
  expect_phase(CommunicationOp::kAllReduce, ring, 4e6, 6 * 1000002 + 3 * 6 + 1, 6e6);
}

TEST(DimensionPhase, HalvingAndDoublingThroughASwitch) {
  const auto through_switch =
      dimension(8, BuildingBlock::kSwitch, DimensionAlgorithm::kHalvingDoubling);
  expect_phase(CommunicationOp::kReduceScatter, through_switch, 8000, 7000 + 3 * 3 + 1, 7000);
  expect_phase(CommunicationOp::kAllGather, through_switch, 1000, 7000 + 3 * 3 + 1, 7000);
  expect_phase(CommunicationOp::kAllReduce, through_switch, 8000, 14000 + 6 * 3 + 1, 14000);
  // What is added up while messages of 2 and 1 MB are next.
  expect_phase(CommunicationOp::kReduceScatter, through_switch, 8e6, 7e6 + 3 * 3 + 12 + 6 + 1, 7e6);
}

TEST(DimensionPhase, MessagesAreOfWholeBytes) {
  const auto four = dimension(4, BuildingBlock::kSwitch, DimensionAlgorithm::kHalvingDoubling);
  expect_phase(CommunicationOp::kAllReduce, four, 7, 3 + 1 + 1 + 2 + 4 * 3 + 1, 3 + 1 + 1 + 2);
}

TEST(DimensionPhase, ARingIsCrossedTheShorterWay) {
  const auto ring = dimension(8, BuildingBlock::kRing, DimensionAlgorithm::kHalvingDoubling);
  expect_phase(CommunicationOp::kReduceScatter, ring, 8000, 7000 + (1 + 2 + 4) + 3 + 1, 7000);
}

TEST(DimensionPhase, LinksOfAFullyConnectedBlockLeadToOneNpuEach) {
  using enum DimensionAlgorithm;
  const auto block = BuildingBlock::kFullyConnected;
  expect_phase(CommunicationOp::kAllReduce, dimension(5, block, kDirect, 4), 5000, 2 * 1002 + 1,
               8000);
  expect_phase(CommunicationOp::kAllGather, dimension(5, block, kDirect, 4), 1000, 1002 + 1, 4000);
  expect_phase(CommunicationOp::kAllGather, dimension(5, block, kDirect, 2), 1000, 2002 + 1, 4000);
  // One message at a time uses one link of four.
  expect_phase(CommunicationOp::kAllReduce, dimension(5, block, kRing, 4), 5000, 8 * 1002 + 1,
               8000);
  // A group of two in a block of five has one link to its other NPU.
  const DimensionPhase pair = dimension_phase(CommunicationOp::kReduceScatter,
                                              dimension(5, block, kDirect, 4), 2, 2000, 1e-9);
  EXPECT_EQ(pair.ns, 1002 + 1);
}

TEST(DimensionPhase, DirectMessagesShareTheLinksOfASwitchOrRing) {
  using enum DimensionAlgorithm;
  expect_phase(CommunicationOp::kAllReduce, dimension(4, BuildingBlock::kSwitch, kDirect), 4000,
               2 * (3000 + 2 + 1) + 1, 6000);
  // All-to-all is direct whatever the others are, so that any number of NPUs will do.
  expect_phase(CommunicationOp::kAllToAll, dimension(6, BuildingBlock::kSwitch, kHalvingDoubling),
               6000, 5000 + 2 + 1 + 1, 5000);
  expect_phase(CommunicationOp::kAllToAll, dimension(6, BuildingBlock::kRing, kRing), 6000,
               5000 + 3 + 1 + 1, 5000);
}

TEST(DimensionPhase, HalvingNeedsAPowerOfTwo) {
  const auto six = dimension(6, BuildingBlock::kSwitch, DimensionAlgorithm::kHalvingDoubling);
  try {
    dimension_phase(CommunicationOp::kAllReduce, six, 6, 6000, 0);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadInput);
    EXPECT_THAT(error.what(),
                ::testing::HasSubstr("needs a power of two of NPUs in a dimension, found 6"));
  }
}

}  // namespace
}  // namespace sextant
