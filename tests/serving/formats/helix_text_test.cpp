// What we write of Helix's files, byte for byte as they stand.

#include "analyzer/serving/formats/helix_text.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"
#include "analyzer/serving/formats/helix_files.h"
#include "analyzer/serving/formats/sub_cluster.h"
#include "tests/serving/formats/helix_data.h"
#include "tests/support/temporary_folder.h"

namespace sextant {
namespace {

using testing::RecordedLayout;

class HelixText : public ::testing::Test {
 protected:
  ServingCluster cluster(const std::filesystem::path& file) const {
    return read_helix_cluster(file, machine_profiles_);
  }
  const std::filesystem::path data_ = reference_data("helix");
  const std::filesystem::path clusters_ = data_ / "clusters";
  const std::filesystem::path placements_ = data_ / "placements";
  const std::filesystem::path machine_profiles_ = clusters_ / "single/machine_profiles.ini";
};

TEST_F(HelixText, NumbersAsPythonPrintsThem) {
  EXPECT_EQ(python_float(1000), "1000.0");
  EXPECT_EQ(python_float(14.2), "14.2");
  EXPECT_EQ(python_float(1e-6), "1e-06");
  EXPECT_EQ(milliseconds_text(51 * 1e-3), "51.00000000000001 * MilliSec");
  EXPECT_EQ(mbps_text(12.5e6), "12.5 * mbps");
}

TEST_F(HelixText, EveryClusterFile) {
  SEXTANT_NEEDS(data_);
  int compared = 0;
  for (const auto& folder : {clusters_, placements_}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      const std::string name = entry.path().filename().string();
      const bool complete = folder == clusters_ && name.ends_with(".ini");
      if (name == "machine_profiles.ini" || !(complete || name == "pruned_cluster.ini")) continue;
      EXPECT_EQ(helix_cluster_text(cluster(entry.path()), helix_heading(entry.path())),
                read_file(entry.path()))
          << entry.path();
      ++compared;
    }
  }
  EXPECT_EQ(compared, 15);
}

TEST_F(HelixText, EveryNetworkFile) {
  SEXTANT_NEEDS(data_);
  for (const auto& layouts : {testing::recorded_ilp_layouts(), testing::recorded_separate_layouts(),
                              testing::recorded_heuristic_layouts()}) {
    for (const RecordedLayout& layout : layouts) {
      ServedNetwork network =
          read_helix_network(placements_ / layout.network, placements_ / layout.solution,
                             read_helix_profiles(data_, layout.model));
      // The artifact printed 59 ms as 59.00000000000001; read again it would be printed as more.
      for (ServedLink& link : network.links) {
        link.latency_s = std::nearbyint(link.latency_s * 1e3) * 1e-3;
      }
      // Layouts made by hand have another's heading or none, and some lack the last empty line.
      const auto body = [](std::string text) {
        text.erase(0, text.find("[Coordinator]"));
        while (text.ends_with("\n\n")) text.pop_back();
        return text;
      };
      EXPECT_EQ(body(helix_network_text(network, "ILP")),
                body(read_file(placements_ / layout.network)))
          << layout.network;
    }
  }
}

TEST_F(HelixText, NetworksOfPlacementsByteForByte) {
  SEXTANT_NEEDS(data_);
  for (const RecordedLayout& layout : testing::recorded_ilp_layouts()) {
    const ServingProfiles profiles = read_helix_profiles(data_, layout.model);
    const auto pruned = (placements_ / layout.network).parent_path() / "pruned_cluster.ini";
    const ServingCluster machines =
        cluster(std::filesystem::exists(pruned) ? pruned : clusters_ / layout.cluster);
    const Placement placement = read_helix_placement(placements_ / layout.solution);
    EXPECT_EQ(helix_network_text(served_network(machines, profiles, placement, false), "ILP"),
              read_file(placements_ / layout.network))
        << layout.network;
  }
}

TEST_F(HelixText, PrunedClusters) {
  SEXTANT_NEEDS(data_);
  const auto pruned = [&](const std::string& name, const LinkPruning& pruning) {
    const auto file = clusters_ / "ablation" / name;
    return helix_cluster_text(pruned_cluster(cluster(file), pruning),
                              pruned_heading(pruning, "./config/" + name, helix_heading(file)));
  };
  const std::string geo = pruned("3cluster24.ini", {12, 12, 1});
  EXPECT_EQ(geo, read_file(placements_ / "geo/layout_llama70b/ilp/pruned_cluster.ini"));
  EXPECT_EQ(geo, read_file(placements_ / "ablation/layouts/raw_24/pruned_cluster.ini"));
  EXPECT_EQ(pruned("cluster42.ini", {12, 12, -1}),
            read_file(placements_ / "ablation/layouts/raw_42/pruned_cluster.ini"));
}

TEST_F(HelixText, SlowLinksStayOnlyAmongTheFirst) {
  SEXTANT_NEEDS(data_);
  const ServingCluster geo = cluster(clusters_ / "geo/3cluster24.ini");
  const ServingCluster few = pruned_cluster(geo, {1, 1, 1});
  const ServingCluster fast = pruned_cluster(geo, {0, 24, 1e9});
  for (const ServingLink& link : fast.links) EXPECT_GE(link.bytes_per_s, 1e9);
  // Within the regions: 6 + 45 + 45, and no link of the coordinator.
  EXPECT_EQ(fast.links.size(), 96U);
  EXPECT_LE(few.links.size(), 26U);
  EXPECT_EQ(pruned_cluster(geo, {24, 24, 1}).links.size(), geo.links.size());
}

TEST_F(HelixText, ClustersOfOneType) {
  SEXTANT_NEEDS(data_);
  const ServingCluster geo = cluster(clusters_ / "geo/3cluster24.ini");
  for (const auto& [type, name] : {std::pair("A100", "a100"), {"L4", "l4"}, {"T4", "t4"}}) {
    EXPECT_EQ(helix_cluster_text(machines_of_one_type(geo, type)),
              read_file(clusters_ / "geo" / (std::string(name) + ".ini")));
  }
  try {
    machines_of_one_type(geo, "V100");
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "expected machines of type \"V100\", found A100, L4, T4");
  }
}

TEST_F(HelixText, UnusedMachinesAndOddNumbersSurvive) {
  SEXTANT_NEEDS(data_);
  const TemporaryFolder folder;
  ServingCluster odd = cluster(clusters_ / "geo/a100.ini");
  odd.links[0].bytes_per_s = 123456789.123;
  odd.links[1].bytes_per_s = 0.25e6;
  odd.links[2].latency_s = 1.0 / 3;
  const auto file = folder.write("odd.ini", helix_cluster_text(odd, "# by hand\n"));
  const ServingCluster again = cluster(file);
  ASSERT_EQ(again.links.size(), odd.links.size());
  for (std::size_t l = 0; l < odd.links.size(); ++l) {
    EXPECT_DOUBLE_EQ(again.links[l].bytes_per_s, odd.links[l].bytes_per_s);
    EXPECT_DOUBLE_EQ(again.links[l].latency_s, odd.links[l].latency_s);
  }
  const ServingProfiles profiles = read_helix_profiles(data_, "llama30b");
  ServingProfiles small = profiles;
  small.model.layers = 30;
  const Placement placement = {{0, 15}, {}, {15, 30}, {15, 30}};
  const ServedNetwork network = served_network(odd, small, placement, false);
  const auto solution = folder.write("sol.ini", helix_placement_text(placement));
  const auto simulator = folder.write("net.ini", helix_network_text(network, "ILP"));
  EXPECT_EQ(read_helix_placement(solution, 4), placement);
  const ServedNetwork read = read_helix_network(simulator, solution, small);
  ASSERT_EQ(read.nodes.size(), 3U);
  EXPECT_EQ(read.nodes[1].machine, 2);
  EXPECT_EQ(read.nodes[1].name, "compute_node_4");
  EXPECT_EQ(helix_network_text(read, "ILP"), helix_network_text(network, "ILP"));
}

}  // namespace
}  // namespace sextant
