// Time, proved gap and memory of planner `sextant` against the size of the cluster: up to 16,384
// GPUs of 4 types in 8 zones, on roofline profiles of OPT-350M (so that the benchmark needs
// nobody's measurements), judged by either estimator; and of planner `sailor`, in one zone. Three
// runs each, of which the median is printed. The machine's load decides the figures; compare only
// what one run printed.
#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <malloc.h>
#include <string>
#include <utility>

#include <benchmark/benchmark.h>

#include "analyzer/training/estimator.h"
#include "planner/training/planner.h"
#include "tests/planner/exhaustive/large_problem.h"

namespace sextant {
namespace {

/// What Linux says of this process in /proc/self/status, "VmRSS" or "VmHWM"; bytes.
double memory_bytes(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind(name + ":", 0) == 0) return std::stod(line.substr(name.size() + 1)) * 1024;
  }
  return NAN;
}

/// VmHWM is the peak from now on. What an earlier run freed goes back first.
void reset_peak() {
  malloc_trim(0);
  std::ofstream("/proc/self/clear_refs") << 5;
}

struct Run {
  PlannedJob job;
  double added_bytes = 0;
};

Run run_once(const Planner& planner, const TrainingProblem& problem, const Estimator& judge) {
  reset_peak();
  const double before_bytes = memory_bytes("VmRSS");
  Run run;
  run.job = plan_job(planner, problem, judge, {});
  run.added_bytes = memory_bytes("VmHWM") - before_bytes;
  return run;
}

/// Arguments: GPUs, types, zones.
void plan(benchmark::State& state, const char* planner, const char* judge) {
  const exhaustive::LargeProblem large = exhaustive::large_problem(
      "OPT-350M",
      exhaustive::even_gpus(static_cast<int>(state.range(0)), static_cast<int>(state.range(1)),
                            static_cast<int>(state.range(2))));
  std::array<Run, 3> runs;
  for (auto _ : state) {
    for (Run& run : runs) {
      run = run_once(planner_named(planner), large.problem(), estimator_named(judge));
    }
    std::sort(runs.begin(), runs.end(),
              [](const Run& a, const Run& b) { return a.job.search_s < b.job.search_s; });
    state.SetIterationTime(runs[1].job.search_s);
  }
  const PlannedJob& job = runs[1].job;
  state.counters["GPUs"] = large.cluster.gpu_count();
  state.counters["iters_per_s"] = job.feasible ? job.prediction.iters_per_s() : 0;
  state.counters["first_plan_ms"] = 1e3 * job.search.first_plan_s;
  state.counters["evaluations"] = static_cast<double>(job.search.evaluations);
  // NaN where nothing is proved.
  state.counters["gap_percent"] =
      100 * (job.search.bound_iters_per_s.value_or(NAN) * job.prediction.iteration_s - 1);
  state.counters["added_MB"] = runs[1].added_bytes / 1e6;
}

void sizes(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"gpus", "types", "zones"})
      ->Unit(benchmark::kMillisecond)
      ->Iterations(1)
      ->UseManualTime();
}

void sextant_sizes(benchmark::internal::Benchmark* bench) {
  sizes(bench);
  for (const int gpus : {64, 256, 1024, 4096, 16'384}) {
    for (const auto& [types, zones] :
         {std::pair{1, 1}, std::pair{2, 1}, std::pair{3, 3}, std::pair{4, 1}, std::pair{4, 8}}) {
      if (gpus >= 4 * types * zones) bench->Args({gpus, types, zones});
    }
  }
}

void sailor_sizes(benchmark::internal::Benchmark* bench) {
  sizes(bench);
  for (const int gpus : {64, 256, 1024}) bench->Args({gpus, 2, 1});
}

BENCHMARK_CAPTURE(plan, sextant_by_sailor, "sextant", "sailor")->Apply(sextant_sizes);
BENCHMARK_CAPTURE(plan, sextant_by_sextant, "sextant", "sextant")->Apply(sextant_sizes);
BENCHMARK_CAPTURE(plan, sailor_by_sailor, "sailor", "sailor")->Apply(sailor_sizes);

}  // namespace
}  // namespace sextant
