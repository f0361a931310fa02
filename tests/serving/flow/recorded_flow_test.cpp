#include <gtest/gtest.h>

#include "analyzer/core/json_document.h"
#include "analyzer/serving/flow/placement_flow.h"
#include "analyzer/serving/formats/helix_files.h"
#include "tests/support/reference_data.h"

namespace sextant {
namespace {

constexpr double kRelative = 1e-6;

/// Recorded objectives of Helix's placements, as its planner counts.
class RecordedFlow : public ::testing::Test {
 protected:
  void SetUp() override {
    SEXTANT_NEEDS(data_);
    results_ = JsonDocument::read(data_ / "reference_results.json")
                   .root()
                   .at("objectives_tokens_per_s")
                   .raw();
  }

  void use(const std::string& model, const std::string& cluster) {
    profiles_ = read_helix_profiles(data_, model);
    cluster_ = read_helix_cluster(data_ / "clusters" / cluster,
                                  data_ / "clusters/single/machine_profiles.ini");
    throughput_ = typical_throughput(profiles_, machines_of_type(cluster_, profiles_));
  }

  double flow(const std::string& solution, bool partial_inference) const {
    const Placement placement =
        read_helix_placement(data_ / "placements" / solution, cluster_.machines.size());
    return placement_flow(cluster_, profiles_, throughput_, placement, partial_inference);
  }

  void expect_flow(const nlohmann::json& recorded, const std::string& solution,
                   bool partial_inference = false) const {
    const double expected = recorded.get<double>();
    EXPECT_NEAR(flow(solution, partial_inference), expected, kRelative * expected) << solution;
  }

  void expect_bounds(const nlohmann::json& naive, const nlohmann::json& tight) const {
    const double found_naive = naive_upper_bound(cluster_, profiles_, throughput_);
    const double found_tight = tight_upper_bound(cluster_, profiles_, throughput_);
    if (!naive.is_null()) {
      EXPECT_NEAR(found_naive, naive.get<double>(), kRelative * found_naive);
    }
    EXPECT_NEAR(found_tight, tight.get<double>(), kRelative * found_tight);
    EXPECT_LE(found_tight, found_naive);
  }

  const std::filesystem::path data_ = reference_data("helix");
  nlohmann::json results_;
  ServingProfiles profiles_;
  ServingCluster cluster_;
  ThroughputTable throughput_;
};

TEST_F(RecordedFlow, Llama70bOnTheSingleCluster) {
  use("llama70b", "single/cluster24.ini");
  const nlohmann::json& recorded = results_.at("single 70B");
  expect_flow(recorded.at("helix_ilp"), "single/layout_llama70b/ilp/ilp_sol.ini");
  expect_flow(recorded.at("petals_no_partial"), "single/layout_llama70b/petals/petals_sol.ini");
  expect_flow(recorded.at("petals_partial"), "single/layout_llama70b/petals/petals_sol.ini", true);
  expect_flow(recorded.at("swarm"), "single/layout_llama70b/swarm/swarm_sol.ini");
  expect_bounds(recorded.at("naive_upper_bound"), recorded.at("tight_bound"));
}

TEST_F(RecordedFlow, Llama70bOnTheGeoCluster) {
  use("llama70b", "geo/3cluster24.ini");
  const nlohmann::json& recorded = results_.at("geo 70B");
  expect_flow(recorded.at("helix_ilp"), "geo/layout_llama70b/ilp/ilp_sol.ini");
  expect_flow(recorded.at("petals_no_partial"), "geo/layout_llama70b/petals/petals_sol.ini");
  expect_flow(recorded.at("petals_partial"), "geo/layout_llama70b/petals/petals_sol.ini", true);
  expect_flow(recorded.at("swarm"), "geo/layout_llama70b/swarm/swarm_sol.ini");
  expect_flow(recorded.at("gurobi_no_prune_ablation_2901s"),
              "ablation/layouts/no_prune_24/ilp_sol.ini");
  expect_bounds(recorded.at("naive_upper_bound"), recorded.at("tight_bound_without_network"));
}

TEST_F(RecordedFlow, Llama30bOnAllMachines) {
  use("llama30b", "single/cluster24.ini");
  const nlohmann::json& recorded = results_.at("30B mixed 24");
  expect_flow(recorded.at("petals_partial"), "single/layout_llama30b/petals/petals_sol.ini", true);
  expect_flow(recorded.at("swarm"), "single/layout_llama30b/swarm/swarm_sol.ini");
  EXPECT_EQ(flow("single/layout_llama30b/petals/petals_sol.ini", false), 0);
  expect_bounds(recorded.at("naive_upper_bound"), recorded.at("tight_bound"));
}

TEST_F(RecordedFlow, Llama30bOnMachinesOfOneType) {
  for (const std::string type : {"a100", "l4", "t4"}) {
    SCOPED_TRACE(type);
    use("llama30b", "single/" + type + ".ini");
    const nlohmann::json& recorded = results_.at("30B per type").at(type);
    expect_flow(recorded.at("ilp"), "single/layout_llama30b/ilp/" + type + "/ilp_sol.ini");
    expect_flow(recorded.at("ilp"),
                "single/layout_llama30b/separate/" + type + "_solution_file.ini");
    expect_bounds(recorded.at("naive"), recorded.at("tight"));
  }
}

TEST_F(RecordedFlow, WhatWasProvedOptimalOnTenMachines) {
  use("llama30b", "ablation/cluster10.ini");
  const nlohmann::json& recorded = results_.at("ablation 10 30B");
  expect_flow(recorded.at("gurobi_proved_optimal"), "ablation/layouts/quality/ilp_sol.ini");
  expect_bounds(nullptr, recorded.at("tight"));
}

}  // namespace
}  // namespace sextant
