#include "analyzer/serving/formats/helix_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"
#include "analyzer/core/json_document.h"
#include "tests/serving/formats/helix_data.h"

namespace sextant {
namespace {

using testing::RecordedLayout;

class HelixFiles : public ::testing::Test {
 protected:
  ServingCluster cluster(const std::string& name) const {
    return read_helix_cluster(data_ / "clusters" / name, machine_profiles_);
  }
  const std::filesystem::path data_ = reference_data("helix");
  const std::filesystem::path machine_profiles_ = data_ / "clusters/single/machine_profiles.ini";
};

TEST_F(HelixFiles, ProfilesOfBothModels) {
  SEXTANT_NEEDS(data_);
  const ServingProfiles small = read_helix_profiles(data_, "llama30b");
  EXPECT_EQ(small.model.layers, 60);
  EXPECT_EQ(small.model.layer_bytes, 1e9);
  EXPECT_EQ(small.model.activation_bytes, 13312);
  EXPECT_EQ(small.model.token_bytes, 2);
  ASSERT_EQ(small.types.size(), 7U);
  EXPECT_EQ(small.types[0].name, "A100");
  EXPECT_EQ(small.types[6].name, "T4x4");
  const ServingProfiles large = read_helix_profiles(data_, "llama70b");
  EXPECT_EQ(large.model.layers, 80);
  EXPECT_EQ(large.model.layer_bytes, 1.53e9);
  EXPECT_EQ(large.model.activation_bytes, 16384);
  const MachineType& a100 = large.types[static_cast<std::size_t>(large.type_index("A100"))];
  EXPECT_EQ(a100.max_layers, 12);
  EXPECT_EQ(a100.vram_bytes, 40e9);
  EXPECT_EQ(a100.typical_layers, 8);
  EXPECT_EQ(a100.typical_layers_if_tight, 12);
  EXPECT_EQ(a100.first_layer_tokens_per_s, 80);
  EXPECT_EQ(a100.nic_in_bytes_per_s, 10e9);
  EXPECT_EQ(a100.disk_bytes_per_s, 1e9);
  EXPECT_EQ(a100.prompt_s.at(750), 0.005);
  EXPECT_DOUBLE_EQ(a100.decode_s.at(1), 0.0007);
}

TEST_F(HelixFiles, ThroughputTablesAreThePublished) {
  SEXTANT_NEEDS(data_);
  const JsonDocument tables = JsonDocument::read(data_ / "profiles/derived_throughput_tables.json");
  int compared = 0;
  for (const auto& [name, mix] : tables.root().members()) {
    SCOPED_TRACE(name);
    const ServingProfiles profiles = read_helix_profiles(data_, name.substr(0, name.find('/')));
    std::vector<int> machines(profiles.types.size(), 0);
    for (const auto& [type, count] : mix.at("machine_counts").members()) {
      machines[static_cast<std::size_t>(profiles.type_index(type))] = count.count();
    }
    const ThroughputTable table = typical_throughput(profiles, machines);
    for (const auto& [type, rows] : mix.at("table").members()) {
      const auto t = static_cast<std::size_t>(profiles.type_index(type));
      for (const JsonNode& row : rows.elements()) {
        const int k = row.at("k").count();
        // To the last bit: petals compares sums of them.
        EXPECT_EQ(table[t][static_cast<std::size_t>(k)], row.at("tokens_per_s").number())
            << type << " with " << k;
        EXPECT_EQ(profiles.types[t].kv_layer_tokens(k),
                  row.at("kv_capacity_layer_tokens").integer(0, 1LL << 40));
        ++compared;
      }
    }
  }
  EXPECT_EQ(tables.root().size(), 12U);
  EXPECT_EQ(compared, 325);
}

TEST_F(HelixFiles, ClustersOfTheArtifact) {
  SEXTANT_NEEDS(data_);
  const ServingCluster geo = cluster("geo/3cluster24.ini");
  EXPECT_EQ(geo.machines.size(), 24U);
  EXPECT_EQ(geo.machines[0].name, "compute_node_2");
  EXPECT_EQ(geo.machines[0].type, "A100");
  EXPECT_EQ(geo.links.size(), 324U);
  EXPECT_EQ(geo.coordinator_out_bytes_per_s, 10e9);
  EXPECT_EQ(geo.links[0].from, kCoordinator);
  EXPECT_EQ(geo.links[0].to, 0);
  EXPECT_EQ(geo.links[0].bytes_per_s, 14.2e6);
  EXPECT_EQ(geo.links[0].latency_s, 55 * 1e-3);
  EXPECT_EQ(cluster("ablation/cluster42.ini").links.size(), 42U * 43 / 2 + 42);
  for (const char* name : {"single/a100.ini", "single/l4.ini", "single/t4.ini", "geo/a100.ini",
                           "geo/l4.ini", "geo/t4.ini", "ablation/cluster10.ini"}) {
    EXPECT_NO_THROW(cluster(name)) << name;
  }
  EXPECT_EQ(read_helix_cluster(data_ / "placements/geo/layout_llama70b/ilp/pruned_cluster.ini",
                               machine_profiles_)
                .machines.size(),
            24U);
}

TEST_F(HelixFiles, EverySolutionIsWrittenAsItStands) {
  SEXTANT_NEEDS(data_);
  int compared = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(data_ / "placements")) {
    const std::string name = entry.path().filename().string();
    if (!name.ends_with("_sol.ini") && !name.ends_with("solution_file.ini")) continue;
    const std::string text = read_file(entry.path());
    const auto machines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n') - 4);
    EXPECT_EQ(helix_placement_text(read_helix_placement(entry.path(), machines)), text)
        << entry.path();
    ++compared;
  }
  EXPECT_EQ(compared, 38);
}

TEST_F(HelixFiles, EveryRecordedNetworkIsRead) {
  SEXTANT_NEEDS(data_);
  for (const auto& layouts : {testing::recorded_ilp_layouts(), testing::recorded_separate_layouts(),
                              testing::recorded_heuristic_layouts()}) {
    for (const RecordedLayout& layout : layouts) {
      SCOPED_TRACE(layout.network);
      const ServingProfiles profiles = read_helix_profiles(data_, layout.model);
      const ServedNetwork network = read_helix_network(
          data_ / "placements" / layout.network, data_ / "placements" / layout.solution, profiles);
      EXPECT_EQ(network.nodes.size(), cluster(layout.cluster).machines.size());
      EXPECT_GT(network.links.size(), network.nodes.size());
    }
  }
}

TEST_F(HelixFiles, NetworksOfPlacementsAreTheRecorded) {
  SEXTANT_NEEDS(data_);
  for (const RecordedLayout& layout : testing::recorded_ilp_layouts()) {
    SCOPED_TRACE(layout.network);
    const ServingProfiles profiles = read_helix_profiles(data_, layout.model);
    const auto solution = data_ / "placements" / layout.solution;
    const ServedNetwork recorded =
        read_helix_network(data_ / "placements" / layout.network, solution, profiles);
    const auto pruned =
        (data_ / "placements" / layout.network).parent_path() / "pruned_cluster.ini";
    const ServingCluster machines = std::filesystem::exists(pruned)
                                        ? read_helix_cluster(pruned, machine_profiles_)
                                        : cluster(layout.cluster);
    const ServedNetwork network = served_network(
        machines, profiles, read_helix_placement(solution, machines.machines.size()), false);
    ASSERT_EQ(network.links.size(), recorded.links.size());
    for (std::size_t l = 0; l < network.links.size(); ++l) {
      EXPECT_EQ(network.links[l].from, recorded.links[l].from);
      EXPECT_EQ(network.links[l].to, recorded.links[l].to);
      EXPECT_EQ(network.links[l].bytes_per_s, recorded.links[l].bytes_per_s);
    }
    for (std::size_t i = 0; i < network.nodes.size(); ++i) {
      EXPECT_EQ(network.nodes[i].kv_capacity_layer_tokens,
                recorded.nodes[i].kv_capacity_layer_tokens);
    }
  }
}

TEST_F(HelixFiles, FlowOfTheRecordedSplit) {
  SEXTANT_NEEDS(data_);
  const auto folder = data_ / "placements/single/layout_llama70b/ilp";
  ServedNetwork network =
      read_helix_network(folder / "simulator_cluster.ini", folder / "ilp_sol.ini",
                         read_helix_profiles(data_, "llama70b"));
  read_helix_flow(data_ / "sim_inputs/single_llama70b_helix.txt", network);
  double flow = 0;
  for (const ServedLink& link : network.links) {
    if (link.from == kCoordinator) flow += link.flow_tokens_per_s;
  }
  EXPECT_NEAR(flow, 1289.5557702751464, 1e-6);
  EXPECT_THROW(read_helix_flow(data_ / "sim_inputs/geo_llama70b_helix.txt", network), Error);
}

}  // namespace
}  // namespace sextant
