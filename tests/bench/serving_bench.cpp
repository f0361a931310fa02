// Events per second of the serving simulation: the artifact's busiest row, and a network of 1024
// machines made up here.

#include <string>

#include <benchmark/benchmark.h>

#include "tests/serving/simulation/flattened_input.h"
#include "tests/support/reference_data.h"

namespace sextant {
namespace {

void count_events(benchmark::State& state, double events) {
  state.counters["events"] = benchmark::Counter(events, benchmark::Counter::kIsRate);
}

void published_row(benchmark::State& state, bool samples) {
  const auto artifact = reference_data("helix");
  if (artifact.empty()) return state.SkipWithError("no reference data");
  const ServedNetwork network = flattened_input(artifact, "single_llama70b_helix");
  ClosedLoop loop;
  loop.lengths = conversation_lengths(artifact);
  loop.fill_kv_cache = true;
  ServingSimulationOptions options = helix_offline_options(RequestScheduler::kFlow);
  options.keep_samples = samples;
  double events = 0;
  for (auto _ : state) {
    events += static_cast<double>(simulate_serving(network, loop, options).events);
  }
  count_events(state, events);
}
BENCHMARK_CAPTURE(published_row, with_samples, true)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(published_row, without_samples, false)->Unit(benchmark::kMillisecond);

/// A run so short that what it costs to begin counts, as a search has many.
void short_run(benchmark::State& state) {
  const auto artifact = reference_data("helix");
  if (artifact.empty()) return state.SkipWithError("no reference data");
  const ServedNetwork network = flattened_input(artifact, "single_llama70b_helix");
  ClosedLoop loop;
  loop.lengths = conversation_lengths(artifact);
  loop.initial_requests = 1;
  ServingSimulationOptions options = helix_offline_options(RequestScheduler::kFlow);
  options.warm_up_s = 0;
  options.duration_s = 0.01;
  for (auto _ : state) {
    benchmark::DoNotOptimize(simulate_serving(network, loop, options).events);
  }
}
BENCHMARK(short_run)->Unit(benchmark::kMicrosecond);

/// 1024 machines in 16 stages of 64, each linked to four of the next stage, and 100,000 requests.
void large_network(benchmark::State& state) {
  constexpr int kStages = 16;
  constexpr int kWidth = 64;
  constexpr int kFanOut = 4;
  ServedNetwork network = chain_of_machines(kStages, 5, 1e6);
  const std::vector<ServedNode> stage_nodes = network.nodes;
  network.nodes.clear();
  network.links.clear();
  for (int node = 0; node < kStages * kWidth; ++node) {
    network.nodes.push_back(stage_nodes[static_cast<std::size_t>(node / kWidth)]);
    network.nodes.back().name = "machine " + std::to_string(node);
    network.nodes.back().machine = node;
  }
  const auto link = [&](int from, int to) { network.links.push_back({from, to, 0.001, 1e9, 100}); };
  for (int i = 0; i < kWidth; ++i) link(kCoordinator, i);
  for (int node = 0; node < (kStages - 1) * kWidth; ++node) {
    for (int k = 0; k < kFanOut; ++k) {
      link(node, (node / kWidth + 1) * kWidth + (node + k * 7) % kWidth);
    }
  }
  for (int i = 0; i < kWidth; ++i) link((kStages - 1) * kWidth + i, kCoordinator);
  RequestTrace trace;
  for (int i = 0; i < 100000; ++i) {
    trace.push_back({0.005 * i, {100 + i * 37 % 1500, 20 + i * 53 % 430}});
  }
  ServingSimulationOptions options = helix_online_options(RequestScheduler::kFlow);
  options.overflow = OverflowPolicy::kQueue;
  options.keep_samples = false;
  double events = 0;
  for (auto _ : state) {
    events += static_cast<double>(simulate_serving(network, trace, options).events);
  }
  count_events(state, events);
}
BENCHMARK(large_network)->Unit(benchmark::kSecond)->Iterations(1);

}  // namespace
}  // namespace sextant
