#include "analyzer/topology/formats/astra_files.h"

#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/files.h"
#include "analyzer/core/json_document.h"
#include "analyzer/topology/formats/network_files.h"
#include "tests/support/reference_data.h"
#include "tests/support/temporary_folder.h"
#include "tests/topology/formats/refusal.h"

namespace sextant {
namespace {

constexpr double kGib = 1024.0 * 1024 * 1024;

TEST(AstraFiles, TheFourDimensionsOfTheArtifact) {
  const auto data = reference_data("libra");
  SEXTANT_NEEDS(data);
  AstraOverrides overrides;
  overrides.units = {2, 8, 8, 8};
  overrides.links = {2, 7, 2, 1};
  overrides.link_latency_ns = {1, 1, 1, 2.5};
  overrides.link_bandwidth_gib_per_s = {12.5, 4, 10, 25};
  const SimulatedNetwork network = read_simulated_network(
      data / "evaluation/network/4d.json", data / "evaluation/system/4d.txt", overrides);
  ASSERT_EQ(network.dimensions.size(), 4U);
  EXPECT_EQ(network.dimensions[0].npus, 2);
  EXPECT_EQ(network.dimensions[0].block, BuildingBlock::kRing);
  EXPECT_EQ(network.dimensions[0].algorithm, DimensionAlgorithm::kRing);
  EXPECT_EQ(network.dimensions[1].block, BuildingBlock::kFullyConnected);
  EXPECT_EQ(network.dimensions[1].algorithm, DimensionAlgorithm::kDirect);
  EXPECT_EQ(network.dimensions[1].links, 7);
  EXPECT_EQ(network.dimensions[1].link_bytes_per_s, 4 * kGib);
  EXPECT_EQ(network.dimensions[3].block, BuildingBlock::kSwitch);
  EXPECT_EQ(network.dimensions[3].algorithm, DimensionAlgorithm::kHalvingDoubling);
  EXPECT_EQ(network.dimensions[3].link_latency_s, 2.5e-9);
  EXPECT_EQ(network.chunks, 64);
  EXPECT_EQ(network.endpoint_delay_s, 1e-9);
  EXPECT_EQ(network.order, CollectiveOrder::kLifo);
  EXPECT_EQ(network.route, ChunkRoute::kAscending);
}

TEST(AstraFiles, EveryRunOfTheEvaluationCanBeRead) {
  const auto data = reference_data("libra");
  SEXTANT_NEEDS(data);
  const JsonDocument runs = JsonDocument::read(data / "evaluation/bw_setups.json");
  int read = 0;
  for (const JsonNode& run : runs.root().at("runs").elements()) {
    for (const JsonNode& setup : run.at("setups").elements()) {
      AstraOverrides overrides;
      overrides.units = setup.at("units_count").raw().get<std::vector<int>>();
      overrides.links = setup.at("links_count").raw().get<std::vector<int>>();
      overrides.link_latency_ns = setup.at("link_latency_ns").numbers();
      overrides.link_bandwidth_gib_per_s = setup.at("link_bandwidth_GBps").numbers();
      const SimulatedNetwork network = read_simulated_network(
          data / "evaluation/network" / setup.at("network").string(),
          data / "evaluation/system" / setup.at("system").string(), overrides);
      const int npus = std::accumulate(
          network.dimensions.begin(), network.dimensions.end(), 1,
          [](int product, const auto& dimension) { return product * dimension.npus; });
      EXPECT_EQ(npus, 1024) << setup.pointer();
      ++read;
    }
  }
  EXPECT_EQ(read, 488);
}

constexpr const char* kNetwork = R"({"topologies-per-dim": ["Ring", "Switch"],
    "dimension-type": ["N", "N"], "dimensions-count": 2, "units-count": [8, 4],
    "links-count": [2, 1], "link-latency": [1, 500], "link-bandwidth": [25, 50]})";

TEST(AstraFiles, AreNetworksToo) {
  const TemporaryFolder folder;
  const NetworkFile network = read_network_file(folder.write("ring.json", kNetwork));
  EXPECT_EQ(network.topology.describe(), "2D Ring(8)_Switch(4)");
  EXPECT_THAT(network.bandwidth_bytes_per_s, ::testing::ElementsAre(50 * kGib, 50 * kGib));
  EXPECT_THAT(network.latency_s, ::testing::ElementsAre(1e-9, 500e-9));
}

TEST(AstraFiles, WhatASystemLeavesOutStays) {
  const TemporaryFolder folder;
  const auto system = folder.write("s.txt",
                                   "\r\nall-reduce-implementation: ring_direct\r\n"
                                   "inter-dimension-scheduling: themis\r\n"
                                   "scheduling-policy: FIFO\r\nendpoint-delay: 0\r\n");
  const SimulatedNetwork network = read_simulated_network(folder.write("n.json", kNetwork), system);
  EXPECT_EQ(network.dimensions[1].algorithm, DimensionAlgorithm::kDirect);
  EXPECT_EQ(network.route, ChunkRoute::kBalanced);
  EXPECT_EQ(network.order, CollectiveOrder::kFifo);
  EXPECT_EQ(network.endpoint_delay_s, 0);
  EXPECT_EQ(network.chunks, 64);
}

struct Refused {
  std::string content;
  const char* message;
};

TEST(BadAstraFiles, Systems) {
  const TemporaryFolder folder;
  const auto network = folder.write("n.json", kNetwork);
  const std::string ring = "all-reduce-implementation: ring_ring\n";
  for (const Refused& row : {
           Refused{"", "s.txt: expected the key \"all-reduce-implementation\", found none"},
           {"all-reduce-implementation: ring\n",
            "s.txt at line 1, key all-reduce-implementation: expected 2 algorithms joined by '_', "
            "one for each dimension, found 1"},
           {"all-reduce-implementation: ring_ring_ring\n",
            "s.txt at line 1, key all-reduce-implementation: expected 2 algorithms joined by '_', "
            "one for each dimension, found 3"},
           {"all-reduce-implementation: ring_oneRing\n",
            "s.txt at line 1, key all-reduce-implementation: expected ring, direct, "
            "halvingDoubling (no other is simulated), found \"oneRing\""},
           {"all-reduce-implementation: ring_halvingdoubling\n",
            "s.txt at line 1, key all-reduce-implementation: expected ring, direct, "
            "halvingDoubling (no other is simulated), found \"halvingdoubling\" (did you mean "
            "\"halvingDoubling\"?)"},
           {"all-reduce-implementation: ring_\n",
            "s.txt at line 1, key all-reduce-implementation: expected ring, direct, "
            "halvingDoubling (no other is simulated), found \"\""},
           {ring + "all-gather-implementation: ring_direct\n",
            "s.txt at line 2, key all-gather-implementation: expected ring_ring, as "
            "all-reduce-implementation says, found ring_direct"},
           {ring + "all-to-all-implementation: ring_direct\n",
            "s.txt at line 2, key all-to-all-implementation: expected direct in every dimension "
            "(no other is simulated), found ring_direct"},
           {ring + "scheduling-policy: RANDOM\n",
            "s.txt at line 2, key scheduling-policy: expected FIFO, LIFO (no other is simulated), "
            "found \"RANDOM\""},
           {ring + "endpoint-delay: -1\n",
            "s.txt at line 2, key endpoint-delay: expected a whole number from 0 to 1000000000, "
            "found \"-1\""},
           {ring + "endpoint-delay: 1.5\n",
            "s.txt at line 2, key endpoint-delay: expected a whole number from 0 to 1000000000, "
            "found \"1.5\""},
           {ring + "active-chunks-per-dimension: 4\n",
            "s.txt at line 2, key active-chunks-per-dimension: expected 1 (no other is simulated), "
            "found \"4\""},
           {ring + "preferred-dataset-splits: 0\n",
            "s.txt at line 2, key preferred-dataset-splits: expected a whole number from 1 to "
            "65536, found \"0\""},
           {ring + "collective-optimization: baseline\n",
            "s.txt at line 2, key collective-optimization: expected localBWAware (no other is "
            "simulated), found \"baseline\""},
           {ring + "intra-dimension-scheduling: SCF\n",
            "s.txt at line 2, key intra-dimension-scheduling: expected FIFO (no other is "
            "simulated), found \"SCF\""},
           {ring + "inter-dimension-scheduling: greedy\n",
            "s.txt at line 2, key inter-dimension-scheduling: expected ascending, themis (no other "
            "is simulated), found \"greedy\""},
           {ring + "\nboost-mode: 2\n",
            "s.txt at line 3, key boost-mode: expected 0, 1 (no other is simulated), found \"2\""},
           {ring + "endpoint_delay: 1\n",
            "s.txt at line 2: expected a key of a system, found \"endpoint_delay\" (did you mean "
            "\"endpoint-delay\"?)"},
           {ring + "endpoint-delay 1\n",
            "s.txt at line 2: expected \"key: value\", found \"endpoint-delay 1\""},
           {ring + "endpoint-delay: 1 2\n",
            "s.txt at line 2: expected \"key: value\", found \"endpoint-delay: 1 2\""},
           {ring + ring,
            "s.txt at line 2: expected each key once, found \"all-reduce-implementation\", which "
            "is at line 1 too"},
       }) {
    const auto system = folder.write("s.txt", row.content);
    EXPECT_EQ(refusal(folder.path(), [&] { read_simulated_network(network, system); }),
              row.message);
  }
}

TEST(BadAstraFiles, OverridesAndDelays) {
  const TemporaryFolder folder;
  const auto network = folder.write("n.json", kNetwork);
  const auto system = folder.write("s.txt", "all-reduce-implementation: ring_ring\n");
  const auto message = [&](const AstraOverrides& overrides) {
    return refusal(folder.path(), [&] { read_simulated_network(network, system, overrides); });
  };
  EXPECT_EQ(message({.units = {{8}}}),
            "option --units-count: expected 2 values, one for each dimension, found 1");
  EXPECT_EQ(message({.units = {{8, 1}}}),
            "option --units-count at \"/1\": expected at least 2 NPUs (a 1 is a placeholder in "
            "ASTRA-sim's files, in whose place its command line puts --units-count), found 1");
  EXPECT_EQ(message({.links = {{0, 1}}}),
            "option --links-count at \"/0\": expected an integer from 1 to 65536, found 0");
  EXPECT_EQ(message({.link_latency_ns = {{1, -1}}}),
            "option --link-latency at \"/1\": expected a number that is not negative, found -1.0");
  EXPECT_EQ(message({.link_bandwidth_gib_per_s = {{0, 1}}}),
            "option --link-bandwidth at \"/0\": expected a bandwidth greater than zero, found 0.0");
  std::string slow = kNetwork;
  slow.back() = ',';
  const auto delayed = folder.write("n.json", slow + R"("nic-latency": [0, 20]})");
  EXPECT_EQ(refusal(folder.path(), [&] { read_simulated_network(delayed, system); }),
            "n.json at \"/nic-latency/1\": expected 0: only links are simulated, found 20");
}

}  // namespace
}  // namespace sextant
