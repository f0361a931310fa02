// How close the sum of a step's measured parts is to the whole step, and what a point costs, on the
// CPU. The counter `parts_over_whole` is to lie within 0.05 of 1 on an idle machine.

#include <benchmark/benchmark.h>

#include "analyzer/model/model_document.h"
#include "profiler/measure/point_measurement.h"
#include "tests/support/project_paths.h"

namespace sextant::profiler {
namespace {

void measure_tiny_model(benchmark::State& state, const std::string& name) {
  ProfileRequest request;
  request.model = read_model(sextant::source_path("tests/data/profiler/") + name + ".json");
  request.gpu = "CPU";
  request.device = DeviceKind::kCpu;
  request.dtype = DataType::kFp32;
  request.seq_len = request.model.seq_len;
  request.operators = false;
  request.stopping.min_samples = 200;
  request.stopping.time_limit_s = 10;
  const auto device = open_cpu_device(0);
  LoneShard shard(static_cast<int>(state.range(0)));
  const GridPoint point{shard.size(), static_cast<int>(state.range(1))};
  double difference = 0;
  double noise = 0;
  for ([[maybe_unused]] auto _ : state) {
    const PointDocument document = measure_point(request, point, {*device, shard});
    if (document.status != PointStatus::kOk) {
      state.SkipWithError(document.reason.c_str());
      return;
    }
    difference = document.cross_check->relative_difference();
    noise = document.cross_check->iteration.rel_stdev;
  }
  state.counters["parts_over_whole"] = 1 + difference;
  state.counters["rel_stdev"] = noise;
}

BENCHMARK_CAPTURE(measure_tiny_model, llama, "tiny-llama")
    ->Args({1, 1})
    ->Args({1, 4})
    ->Args({2, 4})
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(measure_tiny_model, opt, "tiny-opt")
    ->Args({1, 4})
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(measure_tiny_model, gpt_neo, "tiny-gpt-neo")
    ->Args({1, 4})
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sextant::profiler
