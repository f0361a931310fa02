#include <gtest/gtest.h>

#include "analyzer/serving/flow/placement_flow.h"
#include "analyzer/serving/formats/helix_files.h"
#include "planner/serving/sextant/placement_search.h"
#include "tests/planner/serving/sextant/random_cluster.h"
#include "tests/support/reference_data.h"

namespace sextant {
namespace {

PlacementSearchOptions flow_options(double effort, std::uint64_t seed = 0, int threads = 2) {
  PlacementSearchOptions options;
  options.objective = PlacementObjective::kFlow;
  options.seed = seed;
  options.threads = threads;
  options.effort = effort;
  options.time_limit_s = 600;
  return options;
}

/// The most that any placement's intervals give, tried one after the other.
double most_flow(const PlacementProblem& problem, Placement& placement, std::size_t machine) {
  const int layers = problem.profiles->model.layers;
  if (machine == placement.size()) {
    return placement_flow(*problem.cluster, *problem.profiles, problem.throughput, placement,
                          false);
  }
  const ServingMachine& held = problem.cluster->machines[machine];
  const auto type = static_cast<std::size_t>(problem.profiles->type_index(held.type));
  double best = 0;
  placement[machine] = {};
  best = most_flow(problem, placement, machine + 1);
  for (int first = 0; first < layers; ++first) {
    const int most = std::min(layers - first, problem.profiles->types[type].max_layers);
    for (int k = 1; k <= most; ++k) {
      placement[machine] = {first, first + k};
      best = std::max(best, most_flow(problem, placement, machine + 1));
    }
  }
  placement[machine] = {};
  return best;
}

TEST(FlowSearch, FindsWhatTryingAllFinds) {
  Random random(11);
  const ServingProfiles profiles = linear_profiles(4);
  for (int round = 0; round < 6; ++round) {
    const ServingCluster cluster = random_cluster(3, random);
    const PlacementProblem problem = placement_problem(cluster, profiles);
    Placement placement(3);
    const double most = most_flow(problem, placement, 0);
    const PlacementResult found = search_placement(problem, flow_options(0.01));
    EXPECT_NEAR(found.flow_tokens_per_s, most, 1e-9 * most) << "round " << round;
    EXPECT_LE(most, found.bound_tokens_per_s * (1 + 1e-9));
  }
}

TEST(FlowSearch, NeverReturnsWhatDoesNotFit) {
  Random random(23);
  const ServingProfiles profiles = linear_profiles(12);
  for (int round = 0; round < 12; ++round) {
    const ServingCluster cluster = random_cluster(3 + static_cast<int>(random.below(9)), random);
    const PlacementProblem problem = placement_problem(cluster, profiles);
    const PlacementResult found =
        search_placement(problem, flow_options(0.003, static_cast<std::uint64_t>(round)));
    if (found.placement.empty()) {
      EXPECT_FALSE(found.reason.empty());
      continue;
    }
    for (std::size_t m = 0; m < found.placement.size(); ++m) {
      const auto type = static_cast<std::size_t>(profiles.type_index(cluster.machines[m].type));
      EXPECT_LE(found.placement[m].layers(), profiles.types[type].max_layers);
      EXPECT_GE(found.placement[m].first, 0);
      EXPECT_LE(found.placement[m].end, 12);
    }
    EXPECT_GT(found.flow_tokens_per_s, 0);
    EXPECT_EQ(found.flow_tokens_per_s,
              placement_flow(cluster, profiles, problem.throughput, found.placement, false));
    EXPECT_LE(found.flow_tokens_per_s, found.bound_tokens_per_s * (1 + 1e-9));
  }
}

TEST(FlowSearch, DoesNotDependOnThreads) {
  Random random(31);
  const ServingProfiles profiles = linear_profiles(12);
  const ServingCluster cluster = random_cluster(10, random);
  const PlacementProblem problem = placement_problem(cluster, profiles);
  const PlacementResult one = search_placement(problem, flow_options(0.005, 3, 1));
  ASSERT_FALSE(one.placement.empty());
  for (const int threads : {2, 4}) {
    const PlacementResult other = search_placement(problem, flow_options(0.005, 3, threads));
    EXPECT_EQ(one.placement, other.placement);
    EXPECT_EQ(one.flow_tokens_per_s, other.flow_tokens_per_s);
    EXPECT_EQ(one.evaluations, other.evaluations);
  }
}

TEST(FlowSearch, SaysWhyNothingFits) {
  Random random(1);
  const ServingProfiles profiles = linear_profiles(40);
  const ServingCluster cluster = random_cluster(3, random);
  const PlacementResult found =
      search_placement(placement_problem(cluster, profiles), flow_options(0.001));
  EXPECT_TRUE(found.placement.empty());
  EXPECT_NE(found.reason.find("has 40"), std::string::npos) << found.reason;
}

TEST(FlowSearch, LeavesOutMachinesThatNoLinkReaches) {
  const ServingProfiles profiles = linear_profiles(6);
  ServingCluster cluster;
  cluster.coordinator_in_bytes_per_s = 10e9;
  cluster.coordinator_out_bytes_per_s = 10e9;
  cluster.machines = {{"a", "large"}, {"b", "large"}};
  cluster.links = {{kCoordinator, 0, 1e9, 0.001}, {0, kCoordinator, 1e9, 0.001}};
  const PlacementProblem problem = placement_problem(cluster, profiles);
  const PlacementResult found = search_placement(problem, flow_options(0.01));
  ASSERT_EQ(found.placement.size(), 2U);
  EXPECT_EQ(found.placement[0], (LayerInterval{0, 6}));
  EXPECT_DOUBLE_EQ(found.flow_tokens_per_s, problem.throughput[0][6]);
}

TEST(FlowSearch, StopsAtTheTimeLimitWithWhatItHas) {
  Random random(31);
  const ServingProfiles profiles = linear_profiles(12);
  const ServingCluster cluster = random_cluster(16, random);
  PlacementSearchOptions options = flow_options(1000);
  options.time_limit_s = 0.2;
  const PlacementResult found = search_placement(placement_problem(cluster, profiles), options);
  EXPECT_FALSE(found.complete);
  EXPECT_FALSE(found.placement.empty());
}

class PublishedFlow : public ::testing::Test {
 protected:
  PlacementProblem problem(const char* file) {
    profiles_ = read_helix_profiles(data_, "llama70b");
    cluster_ = read_helix_cluster(data_ / "clusters" / file,
                                  data_ / "clusters" / "single" / "machine_profiles.ini");
    return placement_problem(cluster_, profiles_);
  }
  std::filesystem::path data_ = reference_data("helix");
  ServingProfiles profiles_;
  ServingCluster cluster_;
};

TEST_F(PublishedFlow, SingleClusterMeetsTheBound) {
  SEXTANT_NEEDS(data_);
  const PlacementResult found = search_placement(problem("single/cluster24.ini"), flow_options(1));
  EXPECT_NEAR(found.flow_tokens_per_s, 2045.6410473, 1e-6);
  EXPECT_TRUE(found.proved);
}

TEST_F(PublishedFlow, GeoClusterPassesTheCommercialSolver) {
  SEXTANT_NEEDS(data_);
  const PlacementResult found = search_placement(problem("geo/3cluster24.ini"), flow_options(0.1));
  EXPECT_GE(found.flow_tokens_per_s, 1650);
}

}  // namespace
}  // namespace sextant
