#include "analyzer/topology/formats/network_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/reference_data.h"
#include "tests/support/temporary_folder.h"
#include "tests/topology/formats/refusal.h"

namespace sextant {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
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

}  // namespace
}  // namespace sextant
