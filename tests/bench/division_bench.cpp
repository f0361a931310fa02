// The division of bandwidth: every problem of optimize.sh at 325 GB/s, network by network, workload
// by workload, target by target, loop by loop. Says so and does nothing without SEXTANT_DATA.
#include <cstdlib>
#include <filesystem>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "tests/planner/topology/libra_problems.h"

namespace sextant {
namespace {

constexpr double kTotal = 325e9;

void divide(benchmark::State& state, const BandwidthProblem& problem) {
  double residual = 0;
  for (auto _ : state) residual = divide_bandwidth(problem).kkt_residual;
  state.counters["kkt_residual"] = residual;
}

void register_problems(const std::filesystem::path& data) {
  for (const char* network : {"2d", "3d", "4d"}) {
    for (const char* workload : {"17B", "175B", "1T", "Group"}) {
      for (const auto target : {BandwidthTarget::kTime, BandwidthTarget::kTimeTimesCost}) {
        for (const auto loop : {TrainingLoop::kNoOverlap, TrainingLoop::kOverlap}) {
          const BandwidthProblem problem =
              libra_problem(data, network, workload, target, loop, kTotal);
          const std::string name =
              fmt::format("{}/{}/{}/{}", network, workload, to_string(target), to_string(loop));
          benchmark::RegisterBenchmark(name.c_str(), [problem](benchmark::State& state) {
            divide(state, problem);
          })->Unit(benchmark::kMicrosecond);
        }
      }
    }
  }
}

}  // namespace
}  // namespace sextant

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  const char* data = std::getenv("SEXTANT_DATA");
  if (data == nullptr) {
    fmt::print(stderr, "division_bench: skipped: set SEXTANT_DATA to the artifacts' folder\n");
    return 0;
  }
  sextant::register_problems(std::filesystem::path(data) / "libra");
  benchmark::RunSpecifiedBenchmarks();
}
