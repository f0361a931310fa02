#include "analyzer/serving/generated/generated_cluster.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/files.h"
#include "analyzer/serving/formats/helix_files.h"
#include "analyzer/serving/formats/sub_cluster.h"
#include "tests/support/reference_data.h"
#include "tests/support/temporary_folder.h"
#include "tests/topology/formats/refusal.h"

namespace sextant {
namespace {

std::string text(const GeneratedCluster& generated) {
  return helix_cluster_text(generated.cluster, generated.heading);
}

MixedClusterOptions machines_of(const std::vector<MachineCount>& machines) {
  MixedClusterOptions options;
  options.machines = machines;
  return options;
}

class GeneratedClusters : public ::testing::Test {
 protected:
  std::string recorded(const std::string& name) const {
    return read_file(data_ / "clusters" / name);
  }
  const std::filesystem::path data_ = reference_data("helix");
};

TEST_F(GeneratedClusters, ClustersSideBySideAreTheArtifacts) {
  SEXTANT_NEEDS(data_);
  EXPECT_EQ(text(generate_mixed_cluster(helix_single_cluster())), recorded("single/cluster24.ini"));
  EXPECT_EQ(text(generate_mixed_cluster(helix_heterogeneous_cluster())),
            recorded("highhet/cluster42.ini"));
  EXPECT_EQ(text(generate_mixed_cluster(helix_heterogeneous_cluster())),
            recorded("ablation/cluster42.ini"));
  EXPECT_EQ(text(generate_mixed_cluster(machines_of({{"T4", 6}, {"L4", 4}}))),
            recorded("ablation/cluster10.ini"));
  EXPECT_EQ(text(generate_mixed_cluster(machines_of({{"A100", 4}}))), recorded("single/a100.ini"));
  EXPECT_EQ(text(generate_mixed_cluster(machines_of({{"L4", 8}}))), recorded("single/l4.ini"));
  EXPECT_EQ(text(generate_mixed_cluster(machines_of({{"T4", 12}}))), recorded("single/t4.ini"));
}

TEST_F(GeneratedClusters, ClustersInRegionsAreTheArtifacts) {
  SEXTANT_NEEDS(data_);
  const GeneratedCluster geo = generate_regional_cluster(helix_geo_cluster());
  EXPECT_EQ(text(geo), recorded("geo/3cluster24.ini"));
  EXPECT_EQ(text(geo), recorded("ablation/3cluster24.ini"));
  EXPECT_EQ(helix_cluster_text(machines_of_one_type(geo.cluster, "A100")),
            recorded("geo/a100.ini"));
  EXPECT_EQ(helix_cluster_text(machines_of_one_type(geo.cluster, "L4")), recorded("geo/l4.ini"));
  EXPECT_EQ(helix_cluster_text(machines_of_one_type(geo.cluster, "T4")), recorded("geo/t4.ini"));
}

TEST_F(GeneratedClusters, FilesAreReadAgainAsGenerated) {
  const TemporaryFolder folder;
  RegionalClusterOptions options = helix_geo_cluster();
  options.seed = 5;
  options.inside = {2e9, 1.5e9, 5e-4, 1e-4};
  options.across = {2e5, 1.9e5, 80e-3, 75e-3};
  MixedClusterOptions mixed = machines_of({{"A100", 3}, {"L4", 9}});
  mixed.links = {30e6, 29.9e6, 30e-3, 30e-3};
  const auto profiles = folder.write(
      "machine_profiles.ini",
      "[SourceNode]\noutbound_nic_speed=10 * gbps\n[SinkNode]\ninbound_nic_speed=10 * gbps\n[L4]\n"
      "inbound_nic_speed=1 * gbps\noutbound_nic_speed=1 * gbps\ndisk_speed=1 * gbps\n"
      "vram_size=24 * GB\n");
  for (const GeneratedCluster& generated :
       {generate_regional_cluster(options), generate_mixed_cluster(mixed)}) {
    const ServingCluster read =
        read_helix_cluster(folder.write("c.ini", text(generated)), profiles);
    ASSERT_EQ(read.links.size(), generated.cluster.links.size());
    for (std::size_t l = 0; l < read.links.size(); ++l) {
      EXPECT_EQ(read.links[l].from, generated.cluster.links[l].from);
      EXPECT_DOUBLE_EQ(read.links[l].bytes_per_s, generated.cluster.links[l].bytes_per_s);
      EXPECT_NEAR(read.links[l].latency_s, generated.cluster.links[l].latency_s, 1e-17);
    }
    EXPECT_EQ(read.coordinator_in_bytes_per_s, generated.cluster.coordinator_in_bytes_per_s);
  }
}

TEST_F(GeneratedClusters, ThousandMachines) {
  MixedClusterOptions options = machines_of({{"A100", 256}, {"L4", 256}, {"T4", 512}});
  const GeneratedCluster first = generate_mixed_cluster(options);
  EXPECT_EQ(first.cluster.machines.size(), 1024U);
  EXPECT_EQ(first.cluster.links.size(), 1024U * 1023 / 2 + 2 * 1024);
  EXPECT_EQ(generate_mixed_cluster(options).cluster.machines[3].type,
            first.cluster.machines[3].type);
  options.seed = 1;
  const GeneratedCluster other = generate_mixed_cluster(options);
  int moved = 0;
  for (std::size_t i = 0; i < 1024; ++i) {
    moved += other.cluster.machines[i].type != first.cluster.machines[i].type ? 1 : 0;
  }
  EXPECT_GT(moved, 300);
}

TEST_F(GeneratedClusters, WhatCannotBeIsRefused) {
  const auto refused = [](const MixedClusterOptions& options) {
    return refusal("none", [&] { generate_mixed_cluster(options); });
  };
  EXPECT_EQ(refused({}), "expected at least one machine, found none");
  EXPECT_EQ(refused(machines_of({{"T4", -1}})),
            "expected a type and a number of machines, found -1 of \"T4\"");
  EXPECT_EQ(refused(machines_of({{"T4", 20'000}})), "expected up to 16384 machines, found more");
  MixedClusterOptions options = machines_of({{"T4", 1}});
  options.links.bytes_per_s_spread = 1e9;
  EXPECT_EQ(refused(options),
            "expected a bandwidth of links that is more than 0 for every draw, found 1000000000 "
            "bytes/s with a spread of 1000000000");
  options.links = {1e9, 0, 1e-3, 2e-3};
  EXPECT_EQ(refused(options),
            "expected a latency of links of at least 0 for every draw, found 0.001 s with a spread "
            "of 0.002");
  RegionalClusterOptions regions;
  EXPECT_EQ(refusal("none", [&] { generate_regional_cluster(regions); }),
            "expected at least one machine, found none");
}

}  // namespace
}  // namespace sextant
