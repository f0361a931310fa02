// Placement search: the most flow on Helix's published clusters and on 1024 machines in eight
// regions, and the search for served requests on the published. Says so and does nothing without
// SEXTANT_DATA.
#include <cstdlib>
#include <filesystem>
#include <string>

#include <benchmark/benchmark.h>

#include "analyzer/serving/formats/helix_files.h"
#include "analyzer/serving/generated/generated_cluster.h"
#include "analyzer/serving/trace/request_trace.h"
#include "planner/serving/sextant/placement_search.h"

namespace sextant {
namespace {

std::filesystem::path artifact() {
  const char* data = std::getenv("SEXTANT_DATA");
  return data == nullptr ? std::filesystem::path() : std::filesystem::path(data) / "helix";
}

void search(benchmark::State& state, const ServingCluster& cluster, const std::string& model,
            PlacementObjective objective) {
  const ServingProfiles profiles = read_helix_profiles(artifact(), model);
  const PlacementProblem problem = placement_problem(cluster, profiles);
  PlacementSearchOptions options;
  options.objective = objective;
  options.time_limit_s = 600;
  if (objective == PlacementObjective::kServed) {
    options.lengths = read_azure_conversations(artifact()).lengths;
  }
  PlacementResult result;
  for (auto _ : state) {
    result = search_placement(problem, options);
    benchmark::DoNotOptimize(result);
  }
  state.counters["flow_tokens_per_s"] = result.flow_tokens_per_s;
  state.counters["bound_tokens_per_s"] = result.bound_tokens_per_s;
  state.counters["evaluations"] = static_cast<double>(result.evaluations);
}

void large_cluster(benchmark::State& state) {
  if (artifact().empty()) return state.SkipWithError("SEXTANT_DATA is not set");
  RegionalClusterOptions options;
  for (int region = 0; region < 8; ++region) {
    options.regions.push_back({{"A100", 20}, {"L4", 54}, {"T4", 54}});
  }
  search(state, generate_regional_cluster(options).cluster, "llama70b", PlacementObjective::kFlow);
}

void published(benchmark::State& state, bool regions, const char* model,
               PlacementObjective objective) {
  if (artifact().empty()) return state.SkipWithError("SEXTANT_DATA is not set");
  const ServingCluster cluster = regions ? generate_regional_cluster(helix_geo_cluster()).cluster
                                         : generate_mixed_cluster(helix_single_cluster()).cluster;
  search(state, cluster, model, objective);
}

BENCHMARK(large_cluster)->Unit(benchmark::kSecond)->UseRealTime();
BENCHMARK_CAPTURE(published, single_flow, false, "llama70b", PlacementObjective::kFlow)
    ->Unit(benchmark::kSecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(published, geo_flow, true, "llama70b", PlacementObjective::kFlow)
    ->Unit(benchmark::kSecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(published, single_served, false, "llama70b", PlacementObjective::kServed)
    ->Unit(benchmark::kSecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(published, geo_served, true, "llama70b", PlacementObjective::kServed)
    ->Unit(benchmark::kSecond)
    ->UseRealTime();

}  // namespace
}  // namespace sextant
