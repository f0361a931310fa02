#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "analyzer/serving/flow/placement_flow.h"
#include "analyzer/serving/formats/helix_files.h"
#include "analyzer/serving/simulation/serving_simulation.h"
#include "planner/serving/sextant/placement_search.h"
#include "planner/serving/sextant/service_estimate.h"
#include "tests/planner/serving/sextant/random_cluster.h"
#include "tests/support/reference_data.h"

namespace sextant {
namespace {

PlacementSearchOptions served_options(int threads) {
  PlacementSearchOptions options;
  options.threads = threads;
  options.effort = 0.02;
  options.time_limit_s = 600;
  Random random(2);
  for (int i = 0; i < 200; ++i) {
    options.lengths.push_back(
        {100 + static_cast<int>(random.below(1000)), 20 + static_cast<int>(random.below(100))});
  }
  return options;
}

TEST(ServedSearch, DoesNotDependOnThreads) {
  Random random(17);
  const ServingProfiles profiles = linear_profiles(10);
  const ServingCluster cluster = random_cluster(6, random);
  const PlacementProblem problem = placement_problem(cluster, profiles);
  const PlacementResult one = search_placement(problem, served_options(1));
  ASSERT_FALSE(one.placement.empty()) << one.reason;
  EXPECT_GT(one.flow_tokens_per_s, 0);
  const PlacementResult other = search_placement(problem, served_options(4));
  EXPECT_EQ(one.placement, other.placement);
  EXPECT_EQ(one.evaluations, other.evaluations);
}

TEST(ServedSearch, NeedsLengths) {
  Random random(17);
  const ServingProfiles profiles = linear_profiles(10);
  const ServingCluster cluster = random_cluster(6, random);
  EXPECT_THROW(search_placement(placement_problem(cluster, profiles), {}), Error);
}

TEST(ServedSearch, RefusesMoreMachinesThanItCanSimulate) {
  Random random(17);
  const ServingProfiles profiles = linear_profiles(10);
  const ServingCluster cluster = random_cluster(static_cast<int>(kMostServedMachines) + 1, random);
  try {
    search_placement(placement_problem(cluster, profiles), served_options(1));
    FAIL() << "101 machines were searched";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUsage);
    EXPECT_EQ(error.message(),
              "placement search: expected at most 100 machines for objective served, found 101: "
              "take flow");
  }
}

/// The batch simulation against the published figures of Helix's own placement and flow.
TEST(ServiceEstimate, IsNearTheSimulation) {
  const std::filesystem::path data = reference_data("helix");
  SEXTANT_NEEDS(data);
  const ServingProfiles profiles = read_helix_profiles(data, "llama70b");
  const std::filesystem::path layout = data / "placements" / "geo" / "layout_llama70b" / "ilp";
  ServedNetwork network =
      read_helix_network(layout / "simulator_cluster.ini", layout / "ilp_sol.ini", profiles);
  read_helix_flow(data / "sim_inputs" / "geo_llama70b_helix.txt", network);
  const RecordedRequests recorded = read_azure_conversations(data);
  const ServiceEstimate closed = estimate_closed_loop(network, recorded.lengths, 0);
  ASSERT_TRUE(closed.served);
  EXPECT_NEAR(closed.decode_tokens_per_s, 98.0, 10);
  const ServiceEstimate online = estimate_offered(network, recorded_trace(recorded, 320, 1800, 0));
  ASSERT_TRUE(online.served);
  EXPECT_NEAR(online.prompt_p50_s, 5.79, 0.6);
  EXPECT_NEAR(online.decode_p50_s, 0.93, 0.1);
  EXPECT_NEAR(online.decode_p95_s, 7.72, 0.8);
}

}  // namespace
}  // namespace sextant
