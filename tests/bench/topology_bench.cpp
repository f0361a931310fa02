// The simulator of training steps on networks of several dimensions: one step of each workload of
// LIBRA's artifact (SC'22), by network and chunk route, and all 552 steps of its full evaluation
// one after the other on one core. Says so and does nothing without SEXTANT_DATA.
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "analyzer/core/json_document.h"
#include "analyzer/topology/formats/workload_files.h"
#include "tests/topology/simulation/evaluation.h"

namespace sextant {
namespace {

struct Run {
  std::string network_name;
  std::string workload_name;
  Workload workload;
  SimulatedNetwork network;
  std::vector<GroupShape> shapes;
};

/// The runs of the full evaluation whose time counts; none without data.
std::vector<Run> full_evaluation() {
  const char* data = std::getenv("SEXTANT_DATA");
  if (data == nullptr) return {};
  const std::filesystem::path evaluation = std::filesystem::path(data) / "libra" / "evaluation";
  const JsonDocument setups = JsonDocument::read(evaluation / "bw_setups.json");
  std::vector<Run> runs;
  for (const JsonNode& script : setups.root().at("runs").elements()) {
    if (script.at("source").string().starts_with("script_small")) continue;
    for (const JsonNode& workload : script.at("workloads").elements()) {
      const std::string& name = workload.string();
      if (name.starts_with("micro")) continue;  // asks for the network's price only
      const Workload read = read_workload_text(evaluation / "workload" / name);
      for (const JsonNode& setup : script.at("setups").elements()) {
        const std::string& network_name = setup.at("network").string();
        const SimulatedNetwork network = evaluation_network(
            network_name, setup.at("units_count").numbers(), setup.at("links_count").numbers(),
            setup.at("link_bandwidth_GBps").numbers());
        runs.push_back({network_name, name, read, network, evaluation_shapes(read, network)});
      }
    }
  }
  return runs;
}

double simulate(const Run& run) {
  return simulate_step(run.workload, run.shapes, run.network, kEvaluationComputeScale).step_s;
}

void one_step(benchmark::State& state, const Run& run) {
  for (auto _ : state) benchmark::DoNotOptimize(simulate(run));
}

void all_steps(benchmark::State& state, const std::vector<Run>& runs) {
  for (auto _ : state) {
    double total_s = 0;
    for (const Run& run : runs) total_s += simulate(run);
    benchmark::DoNotOptimize(total_s);
  }
  state.counters["configurations"] = static_cast<double>(runs.size());
}

void no_data(benchmark::State& state) {
  state.SkipWithError("no published runs: set SEXTANT_DATA to the folder that holds libra");
}

[[maybe_unused]] const bool registered = [] {
  static const std::vector<Run> runs = full_evaluation();
  if (runs.empty()) {
    benchmark::RegisterBenchmark("step", no_data);
    return true;
  }
  std::map<std::string, Run> steps;
  for (const Run& run : runs) {
    Run balanced = run;
    balanced.network.route = ChunkRoute::kBalanced;
    const std::string name = "step/" + run.network_name + "/" + run.workload_name;
    steps.try_emplace(name + "/ascending", run);
    steps.try_emplace(name + "/themis", balanced);
  }
  for (const auto& [name, run] : steps) {
    benchmark::RegisterBenchmark(name.c_str(), one_step, run)->Unit(benchmark::kMicrosecond);
  }
  benchmark::RegisterBenchmark("full_evaluation", all_steps, runs)->Unit(benchmark::kMillisecond);
  return true;
}();

}  // namespace
}  // namespace sextant
