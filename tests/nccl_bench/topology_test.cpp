#include "nccl_bench/topology.h"

#include <gtest/gtest.h>

namespace sextant::bench {
namespace {

BandwidthRank rank(const std::string& host, const std::string& bus_id,
                   const std::map<std::string, std::string>& paths) {
  BandwidthRank out;
  out.host = host;
  out.details = {{"pci_bus_id", bus_id}, {"driver", "580"}};
  for (const auto& [to, path] : paths) out.details[path_detail(to)] = path;
  return out;
}

TEST(Topology, IsOfRanksOfOneHost) {
  // Bus ids are the same on both hosts, as on machines that are alike.
  std::vector<BandwidthRank> ranks = {rank("a", "0:1", {{"0:2", "NV18"}, {"0:3", "SYS"}}),
                                      rank("a", "0:2", {{"0:1", "NV18"}}),
                                      rank("b", "0:1", {{"0:2", "PIX"}}), rank("b", "0:2", {})};
  const std::vector<PairTopology> pairs = take_topology(ranks);
  ASSERT_EQ(pairs.size(), 2U);
  EXPECT_EQ(pairs[0].a, 0);
  EXPECT_EQ(pairs[0].b, 1);
  EXPECT_EQ(pairs[0].path, "NV18");
  EXPECT_EQ(pairs[1].a, 2);
  EXPECT_EQ(pairs[1].b, 3);
  EXPECT_EQ(pairs[1].path, "PIX");
  for (const BandwidthRank& each : ranks) {
    EXPECT_EQ(each.details.size(), 2U) << "other details stay, ways are taken";
  }
}

TEST(Topology, OfCpuRanksIsEmpty) {
  std::vector<BandwidthRank> ranks = {{"a", "CPU", "CPU", "", {}}, {"a", "CPU", "CPU", "", {}}};
  EXPECT_TRUE(take_topology(ranks).empty());
}

}  // namespace
}  // namespace sextant::bench
