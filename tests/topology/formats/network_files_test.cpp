#include "analyzer/topology/formats/network_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/files.h"
#include "tests/support/project_paths.h"
#include "tests/support/reference_data.h"
#include "tests/support/schema_check.h"
#include "tests/support/temporary_folder.h"

namespace sextant {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pointwise;

std::vector<std::string> tiers_of(const Topology& topology) {
  std::vector<std::string> tiers;
  for (const TopologyDimension& dimension : topology.dimensions) tiers.push_back(dimension.tier);
  return tiers;
}

TEST(PublishedNetworks, OfTheArtifact) {
  const auto data = reference_data("libra");
  SEXTANT_NEEDS(data);
  const NetworkFile two = read_network_file(data / "optimizer/network/2d.json");
  EXPECT_EQ(two.topology.name, "2d");
  EXPECT_EQ(two.topology.describe(), "2D Ring(8)_Switch(128)");
  EXPECT_THAT(tiers_of(two.topology), ElementsAre("Package", "Pod"));
  EXPECT_EQ(two.total_bytes_per_s, 100e9);
  EXPECT_EQ(two.convention, CostConvention::kSharedLinks);
  const NetworkFile three = read_network_file(data / "optimizer/network/3d.json");
  EXPECT_EQ(three.topology.describe(), "3D Ring(8)_FullyConnected(8)_Switch(16)");
  const NetworkFile four = read_network_file(data / "optimizer/network/4d.json");
  EXPECT_EQ(four.topology.describe(), "4D Ring(2)_FullyConnected(8)_Ring(8)_Switch(8)");
  EXPECT_THAT(tiers_of(four.topology), ElementsAre("Tile", "Package", "Node", "Pod"));
}

TEST(PublishedNetworks, OfTheRelease) {
  const auto data = reference_data("libra");
  SEXTANT_NEEDS(data);
  const NetworkFile three = read_network_file(data / "libra_release/network/3d_network.yml");
  EXPECT_EQ(three.topology.name, "3d_network");
  EXPECT_EQ(three.topology.describe(), "3D Ring(16)_FullyConnected(8)_Switch(32)");
  EXPECT_EQ(three.convention, CostConvention::kOwnLinks);
  EXPECT_FALSE(three.total_bytes_per_s);
  const NetworkFile four = read_network_file(data / "libra_release/network/4d_network.yml");
  EXPECT_EQ(four.topology.describe(), "4D Ring(4)_FullyConnected(8)_Ring(4)_Switch(32)");
  EXPECT_THAT(tiers_of(four.topology),
              ElementsAre("InterChiplet", "InterPackage", "InterNode", "InterPod"));
}

TEST(PublishedPrices, OfTheArtifactAndTheRelease) {
  const auto data = reference_data("libra");
  SEXTANT_NEEDS(data);
  const NetworkPrices artifact = read_network_prices(data / "optimizer/cost/cost.json");
  ASSERT_EQ(artifact.size(), 4U);
  EXPECT_EQ(artifact.at("Tile").link, 2.0);
  EXPECT_FALSE(artifact.at("Tile").switch_port);
  EXPECT_EQ(artifact.at("Package").switch_port, 13.0);
  EXPECT_EQ(artifact.at("Pod").link, 7.8);
  EXPECT_EQ(artifact.at("Pod").nic, 31.6);
  const NetworkPrices release =
      read_network_prices(data / "libra_release/cost_model/4d_cost_model.yml");
  ASSERT_EQ(release.size(), 4U);
  EXPECT_EQ(release.at("InterChiplet").link, 2.00001);
  EXPECT_EQ(release.at("InterPod").nic, 31.60004);

  // $3,041,280: the artifact's 2D network with 50 GB/s in each dimension.
  const Topology two = read_network_file(data / "optimizer/network/2d.json").topology;
  EXPECT_THAT(usd_per_byte_per_s(two, artifact, CostConvention::kSharedLinks),
              Pointwise(DoubleEq(), {1024 * 2.0e-9, 1024 * 57.4e-9}));
}

std::vector<std::filesystem::path> shipped() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry :
       std::filesystem::directory_iterator(source_path("profiles/topologies"))) {
    files.push_back(entry.path());
  }
  return files;
}

TEST(ShippedTopologies, AreWholeAndSayWhereTheyComeFrom) {
  EXPECT_GE(shipped().size(), 6U);
  for (const auto& file : shipped()) {
    const NetworkFile network = read_network_file(file);
    EXPECT_EQ(network.topology.name, file.stem().string());
    EXPECT_FALSE(network.source.empty()) << file;
    ASSERT_TRUE(network.prices && network.convention) << file;
    EXPECT_EQ(network.prices->size(), read_network_prices(file).size()) << file;
    for (const double usd :
         usd_per_byte_per_s(network.topology, *network.prices, *network.convention)) {
      EXPECT_GT(usd, 0) << file;
    }
  }
}

TEST(ShippedTopologies, AreWrittenAsTheyWereRead) {
  const TemporaryFolder folder;
  testing::SchemaCheck schema("topology");
  for (const auto& file : shipped()) {
    const std::string text = json_text(to_json(read_network_file(file)));
    EXPECT_EQ(schema.problems(text), "") << file;
    EXPECT_EQ(nlohmann::json::parse(text), nlohmann::json::parse(read_file(file))) << file;
    EXPECT_EQ(json_text(to_json(read_network_file(folder.write("again.json", text)))), text);
  }
}

TEST(ShippedTopologies, AreLibras) {
  const auto data = reference_data("libra");
  SEXTANT_NEEDS(data);
  const auto expect_same = [&](const char* ours, const char* network, const char* prices) {
    const std::string name = std::string("profiles/topologies/") + ours + ".json";
    const NetworkFile shipped = read_network_file(source_path(name));
    const NetworkFile theirs = read_network_file(data / network);
    EXPECT_EQ(shipped.topology.describe(), theirs.topology.describe());
    EXPECT_EQ(tiers_of(shipped.topology), tiers_of(theirs.topology));
    EXPECT_EQ(shipped.convention, theirs.convention);
    const NetworkPrices table = read_network_prices(data / prices);
    const auto usd = usd_per_byte_per_s(shipped.topology, *shipped.prices, *shipped.convention);
    const auto their_usd = usd_per_byte_per_s(theirs.topology, table, *theirs.convention);
    for (std::size_t d = 0; d < usd.size(); ++d) EXPECT_NEAR(usd[d], their_usd[d], 1e-5 * usd[d]);
  };
  expect_same("LIBRA-2D", "optimizer/network/2d.json", "optimizer/cost/cost.json");
  expect_same("LIBRA-3D", "optimizer/network/3d.json", "optimizer/cost/cost.json");
  expect_same("LIBRA-4D", "optimizer/network/4d.json", "optimizer/cost/cost.json");
  expect_same("LIBRA-3D-4096", "libra_release/network/3d_network.yml",
              "libra_release/cost_model/3d_cost_model.yml");
  expect_same("LIBRA-4D-4096", "libra_release/network/4d_network.yml",
              "libra_release/cost_model/4d_cost_model.yml");
}

TEST(TopologyDocument, HoldsEverythingThatANetworkSays) {
  NetworkFile network;
  network.topology = {
      "two", {{8, BuildingBlock::kFullyConnected, "Board"}, {4, BuildingBlock::kSwitch, "Hall"}}};
  network.total_bytes_per_s = 325e9;
  network.bandwidth_bytes_per_s = {300e9, 25e9};
  network.latency_s = {1e-9, 2.5e-6};
  network.prices = {{{"Board", {4.0}}, {"Hall", {7.8, 18.0, 31.6}}}};
  network.convention = CostConvention::kOwnLinks;
  network.source = "a test";
  const std::string text = json_text(to_json(network));
  testing::SchemaCheck schema("topology");
  EXPECT_EQ(schema.problems(text), "");
  EXPECT_THAT(schema.unseen(), IsEmpty());
  const TemporaryFolder folder;
  const NetworkFile again = read_network_file(folder.write("x", "\xEF\xBB\xBF" + text));
  EXPECT_EQ(json_text(to_json(again)), text);
  EXPECT_EQ(again.topology.describe(), network.topology.describe());
  EXPECT_EQ(again.bandwidth_bytes_per_s, network.bandwidth_bytes_per_s);
  EXPECT_EQ(again.latency_s, network.latency_s);
  EXPECT_EQ(again.convention, network.convention);
}

TEST(TopologyDocument, ANewerMinorVersionMaySayMore) {
  const TemporaryFolder folder;
  const auto file = folder.write("x.json", R"({"schema": "sextant/topology/1.7", "name": "x",
      "racks": 3, "dimensions": [{"npus": 8, "block": "Ring", "tier": "Pod", "colour": "red"}]})");
  EXPECT_EQ(read_network_file(file).topology.npus(), 8);
}

}  // namespace
}  // namespace sextant
