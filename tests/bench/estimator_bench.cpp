// How many plans estimator sextant judges in a second, and how long its event simulation takes.
#include <benchmark/benchmark.h>

#include "analyzer/core/random.h"
#include "analyzer/training/sextant/chain.h"
#include "analyzer/training/sextant/sextant.h"
#include "tests/support/small_problem.h"

namespace {

using namespace sextant;

/// Stages that all differ, with messages.
Chain uneven_chain(int stages, int microbatches) {
  Random random(1);
  Chain chain;
  chain.stages = stages;
  chain.microbatches = microbatches;
  for (int s = 0; s < stages; ++s) {
    chain.forward_s.push_back(0.01 + 0.002 * random.uniform());
    chain.backward_s.push_back(0.02 + 0.004 * random.uniform());
    chain.weight_gradient_s.push_back(chain.backward_s.back() / 2);
    if (s + 1 == stages) continue;
    chain.activation_s.push_back(0.001 * random.uniform());
    chain.gradient_s.push_back(0.001 * random.uniform());
  }
  return chain;
}

void analytic_path(benchmark::State& state) {
  Chain chain = uneven_chain(static_cast<int>(state.range(0)), static_cast<int>(state.range(1)));
  double shift = 0;
  for (auto _ : state) {
    chain.forward_s[0] = 0.01 + (shift += 1e-9);  // no two alike
    benchmark::DoNotOptimize(regular_times(chain));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(analytic_path)->Args({8, 16})->Args({8, 64})->Args({8, 512})->Args({16, 512});

void event_simulation(benchmark::State& state) {
  const Chain chain =
      uneven_chain(static_cast<int>(state.range(0)), static_cast<int>(state.range(1)));
  for (auto _ : state) benchmark::DoNotOptimize(simulate(chain));
}
BENCHMARK(event_simulation)->Args({8, 64})->Args({16, 512})->Unit(benchmark::kMillisecond);

/// A plan of `stages` x `replicas` GPUs that all differ in speed, judged whole: time, interval,
/// memory, cost.
struct BigProblem : SmallProblem {
  BigProblem(int stages, int replicas) {
    profile.layer_count = stages;
    job.framework = "megatron";
    const LayerTime time = {0.01, 0.02, 0.001};
    profile.points[{"A", 1, 1}].layers.assign(static_cast<std::size_t>(stages), time);
    profile.memory[1].assign(static_cast<std::size_t>(stages), {1e8, 2e7, 2e7, 1e8});
    add("A", "here", stages * replicas, 80e9);
    plan.model = "small";
    plan.layer_count = stages;
    plan.global_batch = 64 * replicas;
    plan.microbatch = 1;
    Pipeline pipeline;
    for (int s = 0; s < stages; ++s) {
      const Replica replica{{{"A", "here", -1, 1}}, 1, 0};
      pipeline.stages.push_back(
          {{{s, s + 1}}, std::vector<Replica>(static_cast<std::size_t>(replicas), replica)});
    }
    plan.pipelines = {pipeline};
  }
  Plan plan;
};

void whole_prediction(benchmark::State& state) {
  const auto stages = static_cast<int>(state.range(0));
  const auto replicas = static_cast<int>(state.range(1));
  const BigProblem problem(stages, replicas);
  TrainingProblem training = problem.problem();
  Random random(2);
  for (int s = 0; s < stages; ++s) {
    for (int r = 0; r < replicas; ++r) {
      training.disturbance.slow.push_back({0, s, r, 1 + 0.1 * random.uniform()});
    }
  }
  for (auto _ : state) {
    benchmark::DoNotOptimize(sextant_estimator().predict(training, problem.plan));
  }
}
BENCHMARK(whole_prediction)->Args({8, 1})->Args({64, 64})->Unit(benchmark::kMillisecond);

}  // namespace
