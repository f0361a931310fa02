// Search time of the planners against cluster size: half A100-40, half V100-16 in one zone, up to
// 8192 GPUs, on roofline profiles of OPT-350M (so that the benchmark needs nobody's measurements).
// The machine's load decides the figures; compare only what one run printed.
#include <memory>

#include <benchmark/benchmark.h>

#include "analyzer/model/zoo.h"
#include "analyzer/profile/gpu.h"
#include "analyzer/profile/roofline.h"
#include "analyzer/training/estimator.h"
#include "planner/training/planner.h"

namespace sextant {
namespace {

/// 25 GB/s a node with 10 µs, whatever sends.
class FlatNetwork : public Network {
 public:
  LinkModel between(const LinkEnd&, const LinkEnd&) const override {
    return LinkModel::latency_bandwidth(1e-5, 25e9);
  }
  std::string describe() const override { return "25 GB/s everywhere"; }
};

struct Problem {
  explicit Problem(int gpus) {
    job.model = "OPT-350M";
    job.global_batch = 1024;
    RooflineOptions options;
    options.dtype = DataType::kFp32;
    options.tensor_degrees = {1, 2, 4};
    for (const char* name : {"A100-40", "V100-16"}) {
      const GpuSpec gpu = gpu_named(name);
      ModelProfile estimated = estimate_profile(zoo_model("OPT-350M"), gpu, options);
      if (profile.points.empty()) {
        profile = std::move(estimated);
      } else {
        profile.points.merge(estimated.points);
      }
      GpuPool pool;
      pool.gpu = name;
      pool.zone = "zone";
      pool.count = gpus / 2;
      pool.gpus_per_node = 4;
      pool.memory_bytes = gpu.memory_bytes;
      pool.usd_per_hour = gpu.usd_per_hour.value_or(0);
      cluster.pools.push_back(pool);
    }
    cluster.network = std::make_shared<FlatNetwork>();
  }

  Job job;
  ModelProfile profile;
  Cluster cluster;
};

void plan(benchmark::State& state, const char* planner) {
  const Problem problem(static_cast<int>(state.range(0)));
  const TrainingProblem training{problem.job, problem.profile, problem.cluster};
  double iters_per_s = 0;
  bool complete = false;
  for (auto _ : state) {
    const PlannedJob job =
        plan_job(planner_named(planner), training, estimator_named("sailor"), {});
    iters_per_s = job.feasible ? job.prediction.iters_per_s() : 0;
    complete = job.search.complete;
  }
  state.counters["iters_per_s"] = iters_per_s;
  state.counters["proved"] = complete && planner == std::string("sextant") ? 1 : 0;
}

BENCHMARK_CAPTURE(plan, sextant, "sextant")
    ->RangeMultiplier(2)
    ->Range(32, 8192)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(plan, sailor, "sailor")
    ->RangeMultiplier(2)
    ->Range(32, 1024)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sextant
