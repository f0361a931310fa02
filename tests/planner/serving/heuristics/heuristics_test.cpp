#include "planner/serving/heuristics/heuristics.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/files.h"
#include "analyzer/serving/formats/helix_files.h"
#include "analyzer/serving/formats/sub_cluster.h"
#include "planner/serving/heuristics/heuristic_networks.h"
#include "tests/support/reference_data.h"

namespace sextant {
namespace {

using ::testing::HasSubstr;

class Heuristics : public ::testing::Test {
 protected:
  ServingCluster cluster(const std::string& name) const {
    return read_helix_cluster(data_ / "clusters" / name,
                              data_ / "clusters/single/machine_profiles.ini");
  }
  std::string recorded(const std::string& name) const {
    return read_file(data_ / "placements" / name);
  }
  const std::filesystem::path data_ = reference_data("helix");
};

TEST_F(Heuristics, PetalsAndSwarmOfTheArtifact) {
  SEXTANT_NEEDS(data_);
  for (const auto& [where, file] :
       {std::pair("single", "cluster24.ini"), std::pair("geo", "3cluster24.ini")}) {
    for (const std::string model : {"llama30b", "llama70b"}) {
      const std::string folder = std::string(where) + "/layout_" + model;
      SCOPED_TRACE(folder);
      const ServingCluster machines = cluster(std::string(where) + "/" + file);
      const ServingProfiles profiles = read_helix_profiles(data_, model);
      const PlacementProblem problem = placement_problem(machines, profiles);
      const Placement petals = place_petals(problem).placement;
      EXPECT_EQ(helix_placement_text(petals), recorded(folder + "/petals/petals_sol.ini"));
      EXPECT_EQ(helix_network_text(petals_network(problem, petals), "heterogeneous Petals"),
                recorded(folder + "/petals/simulator_cluster.ini"));
      const Placement swarm = place_swarm(problem).placement;
      EXPECT_EQ(helix_placement_text(swarm), recorded(folder + "/swarm/swarm_sol.ini"));
      EXPECT_EQ(helix_network_text(swarm_network(problem, swarm), "heterogeneous Swarm"),
                recorded(folder + "/swarm/simulator_cluster.ini"));
    }
  }
}

TEST_F(Heuristics, SwarmOfTheAblations) {
  SEXTANT_NEEDS(data_);
  const ServingProfiles profiles = read_helix_profiles(data_, "llama70b");
  for (const auto& [name, file] : {std::pair("cluster24", "ablation/3cluster24.ini"),
                                   std::pair("cluster42", "ablation/cluster42.ini")}) {
    const ServingCluster machines = cluster(file);
    EXPECT_EQ(helix_placement_text(place_swarm(placement_problem(machines, profiles)).placement),
              recorded(std::string("ablation/heuristics/") + name + "/swarm_sol.ini"));
  }
}

TEST_F(Heuristics, FlowsOfTheSpecification) {
  SEXTANT_NEEDS(data_);
  const ServingCluster single = cluster("single/cluster24.ini");
  const ServingProfiles large = read_helix_profiles(data_, "llama70b");
  const PlacementResult petals = place_petals(placement_problem(single, large));
  EXPECT_NEAR(petals.flow_tokens_per_s, 531.70, 0.01);
  EXPECT_NEAR(petals.bound_tokens_per_s, 2045.641, 1e-3);
  EXPECT_FALSE(petals.proved);
  EXPECT_NEAR(place_petals(placement_problem(single, large, true)).flow_tokens_per_s, 952.11, 0.01);
  EXPECT_NEAR(place_swarm(placement_problem(single, large)).flow_tokens_per_s, 757.85, 0.01);
  const ServingProfiles small = read_helix_profiles(data_, "llama30b");
  EXPECT_NEAR(place_swarm(placement_problem(single, small)).flow_tokens_per_s, 889.83, 0.01);
}

TEST_F(Heuristics, SeparateIsTheRecordedOfSingleClusters) {
  SEXTANT_NEEDS(data_);
  for (const std::string model : {"llama30b", "llama70b"}) {
    const ServingProfiles profiles = read_helix_profiles(data_, model);
    for (const std::string type : {"a100", "l4", "t4"}) {
      SCOPED_TRACE(model + " " + type);
      const ServingCluster machines = cluster("single/" + type + ".ini");
      const PlacementProblem problem = placement_problem(machines, profiles);
      const Placement placement = place_separate(problem, true).placement;
      const std::string folder = "single/layout_" + model + "/separate/" + type;
      EXPECT_EQ(helix_placement_text(placement), recorded(folder + "_solution_file.ini"));
      if (model == "llama70b") continue;
      EXPECT_EQ(place_separate(problem).placement, placement);
      EXPECT_EQ(helix_network_text(separate_network(problem, placement), "ILP"),
                recorded(folder + "_simulator_cluster.ini") + "\n");
    }
  }
}

TEST_F(Heuristics, SeparateHasThePartsOfGeoClustersInAnotherOrder) {
  SEXTANT_NEEDS(data_);
  for (const auto& [model, type] : {std::pair("llama30b", "a100"), std::pair("llama30b", "t4"),
                                    std::pair("llama70b", "a100"), std::pair("llama70b", "l4")}) {
    const ServingCluster machines = cluster(std::string("geo/") + type + ".ini");
    const ServingProfiles profiles = read_helix_profiles(data_, model);
    const std::string file = std::string("placements/geo/layout_") + model + "/separate/" + type;
    Placement by_hand = read_helix_placement(data_ / (file + "_solution_file.ini"));
    std::sort(by_hand.begin(), by_hand.end(),
              [](const LayerInterval& a, const LayerInterval& b) { return a.first < b.first; });
    EXPECT_EQ(place_separate(placement_problem(machines, profiles), true).placement, by_hand)
        << file;
  }
}

TEST_F(Heuristics, SeparateOfAMixedClusterKeepsTypesApart) {
  SEXTANT_NEEDS(data_);
  const ServingCluster geo = cluster("geo/3cluster24.ini");
  const ServingProfiles profiles = read_helix_profiles(data_, "llama30b");
  const PlacementProblem problem = placement_problem(geo, profiles);
  const PlacementResult result = place_separate(problem);
  const ServedNetwork network = separate_network(problem, result.placement);
  // Three chains, each with a link in and one out.
  EXPECT_EQ(network.links.size(), 24U + 3);
  EXPECT_EQ(network.nodes.size(), 24U);
  for (const ServedNode& node : network.nodes) {
    const MachineType& type = profiles.types[static_cast<std::size_t>(node.type)];
    EXPECT_LE(node.layers.layers(), type.max_layers);
  }
  EXPECT_GT(result.flow_tokens_per_s, 0);
}

TEST_F(Heuristics, WhatNoTypeHoldsAloneIsSaid) {
  SEXTANT_NEEDS(data_);
  const ServingCluster single = cluster("single/cluster24.ini");
  const ServingProfiles profiles = read_helix_profiles(data_, "llama70b");
  const PlacementProblem problem = placement_problem(single, profiles);
  const PlacementResult none = place_separate(problem);
  EXPECT_TRUE(none.placement.empty());
  EXPECT_EQ(none.reason,
            "no type's machines hold the 80 layers alone: 4 A100 hold 48, 8 L4 hold 56, 12 T4 hold "
            "48");
  const MachineType& t4 = profiles.types[static_cast<std::size_t>(profiles.type_index("T4"))];
  EXPECT_EQ(extrapolated_kv_layer_tokens(t4, 6), 216960);  // as by hand
  EXPECT_EQ(extrapolated_kv_layer_tokens(t4, 7), 0);
  EXPECT_EQ(extrapolated_kv_layer_tokens(t4, 4), 1124224);
  const MachineType& a100 = profiles.types[static_cast<std::size_t>(profiles.type_index("A100"))];
  EXPECT_EQ(extrapolated_kv_layer_tokens(a100, 20), 35136);
}

TEST_F(Heuristics, SwarmWithOtherStages) {
  SEXTANT_NEEDS(data_);
  const ServingCluster single = cluster("single/cluster24.ini");
  ServingProfiles profiles = read_helix_profiles(data_, "llama70b");
  const PlacementProblem problem = placement_problem(single, profiles);
  EXPECT_THAT(place_swarm(problem, 25).reason, HasSubstr("25 stages need as many machines"));
  EXPECT_EQ(place_swarm(problem, 10).reason,
            "10 stages have up to 8 layers, of which not every machine can hold more than 4");
  EXPECT_EQ(place_swarm(problem, 81).reason, "expected 1 to 80 stages, found 81");
  // Seven stages of 4 and 3 layers.
  profiles.model.layers = 26;
  const Placement placement = place_swarm(placement_problem(single, profiles)).placement;
  int longest = 0;
  int last = 0;
  for (const LayerInterval& layers : placement) {
    longest = std::max(longest, layers.layers());
    last = std::max(last, layers.end);
    EXPECT_GE(layers.layers(), 3);
  }
  EXPECT_EQ(longest, 4);
  EXPECT_EQ(last, 26);
}

TEST_F(Heuristics, NoMachineHandsOnToMoreThan24) {
  SEXTANT_NEEDS(data_);
  const ServingCluster many = cluster("ablation/cluster42.ini");
  ServingProfiles profiles = read_helix_profiles(data_, "llama70b");
  profiles.model.layers = 4;  // so that all machines of the second half follow all of the first
  const PlacementProblem problem = placement_problem(many, profiles, true);
  Placement placement(42, {0, 2});
  for (std::size_t i = 10; i < 42; ++i) placement[i] = {2, 4};
  for (const ServedNetwork& network :
       {petals_network(problem, placement), swarm_network(problem, placement)}) {
    std::vector<int> out(network.nodes.size(), 0);
    for (const ServedLink& link : network.links) {
      if (link.from != kCoordinator && link.to != kCoordinator) {
        ++out[static_cast<std::size_t>(link.from)];
      }
    }
    EXPECT_EQ(*std::max_element(out.begin(), out.end()), 24);
    EXPECT_EQ(network.links.size(), 10U * 24 + 10 + 32);
  }
}

}  // namespace
}  // namespace sextant
