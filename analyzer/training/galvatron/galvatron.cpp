// Estimator `galvatron`: what the validation published with Sailor has Galvatron say of a plan. The
// tool thinks in microbatches "at tensor degree 1", but is handed the plan's own: it then counts
// activations tp times too often (published quirk, kept).
#include "analyzer/training/galvatron/galvatron.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/training/galvatron/model.h"
#include "analyzer/training/gpu_usd.h"
#include "analyzer/training/plan_checks.h"
#include "analyzer/training/uniform_view.h"

namespace sextant {

namespace galvatron {

namespace {

int ceil_div(int a, int b) {
  return (a + b - 1) / b;
}

/// MB of each stage. The published validation looks at the first stage only, and charges it with
/// whatever the fuller end of the pipeline holds beside its blocks.
std::vector<double> stage_mb(const Tables& tables, const UniformView& view,
                             const Strategy& strategy, const std::vector<int>& blocks) {
  const int gpus = view.dp * view.tp;
  // Samples fewer than GPUs leave nothing to cut, where the published code ends without a figure:
  // all of the batch is then in flight.
  const int wanted = std::max(1, ceil_div(view.global_batch / gpus, std::max(1, view.microbatch)));
  std::vector<double> out;
  double fullest_end = 0;
  for (int s = 0; s < view.pp; ++s) {
    const double other = other_mb(tables, view.pp, s, gpus, view.global_batch, wanted);
    fullest_end = std::max(fullest_end, other);
    out.push_back(blocks[static_cast<std::size_t>(s)] *
                      block_mb(tables, strategy, s, view.global_batch, wanted) +
                  other);
  }
  out.front() += fullest_end - other_mb(tables, view.pp, 0, gpus, view.global_batch, wanted);
  return out;
}

Prediction predict(const TrainingProblem& problem, const Plan& plan) {
  const UniformView view = uniform_view(plan, "galvatron");
  const GpuPool& pool = pool_used(problem.cluster, view.gpu(), view.zone);
  const Tables tables = tables_for(problem, pool, std::max(view.dp, view.tp));
  if (view.pp > tables.blocks) {
    throw_bad_input(fmt::format(
        "estimator galvatron: deals its {} blocks out to stages itself, and has none for {} stages",
        tables.blocks, view.pp));
  }
  const std::vector<int> blocks = blocks_of_stages(tables.blocks, view.pp);
  const Strategy strategy = {view.pp, view.tp, view.dp, true};
  const int gpus = view.dp * view.tp;
  const Chunks chunks(view.global_batch / gpus,
                      std::max(1, view.global_batch / std::max(1, view.microbatch)));
  const double samples = static_cast<double>(view.global_batch) / chunks.count;

  StageTimes times;
  for (const int count : blocks) {
    times.compute_s.push_back(count * block_s(tables, strategy, samples, false));
    times.total_s.push_back(count * block_s(tables, strategy, samples, true));
  }
  const PipelineTime time = pipeline_time(times, chunks.count);
  const std::vector<double> memory_mb = stage_mb(tables, view, strategy, blocks);

  Prediction out;
  out.microbatches = chunks.count;
  out.pipeline_s = time.pipeline_s;
  out.sync_s = time.sync_s;
  out.iteration_s = time.iteration_s();
  out.slowest_stage = time.slowest_stage;
  const auto slowest = static_cast<std::size_t>(time.slowest_stage);
  out.steady_s = (chunks.count - 1) * times.compute_s[slowest];
  out.fill_s = out.pipeline_s - out.steady_s;
  for (std::size_t s = 0; s < blocks.size(); ++s) {
    StagePrediction& stage = out.stages.emplace_back();
    stage.compute_s = times.compute_s[s];
    stage.sync_s = times.total_s[s] - times.compute_s[s];
    stage.peak_memory_bytes = memory_mb[s] * kBytesPerMb;
    stage.memory_bound_bytes = stage.peak_memory_bytes;
    stage.memory_capacity_bytes = pool.memory_bytes;
    count_memory_of_last_stage(out);
  }
  out.memory_bound_bytes = out.peak_memory_bytes;
  out.interval = {out.iteration_s, out.iteration_s, out.iteration_s, false};
  out.compute_usd = gpu_usd(problem.cluster, plan, out.iteration_s);
  return out;
}

class GalvatronEstimator : public Estimator {
 public:
  std::string_view name() const override { return "galvatron"; }
  std::string_view description() const override {
    return "Galvatron's cost model (VLDB'23): computation linear in samples, gradients overlapped "
           "with backward";
  }
  std::string_view ignores() const override {
    return "the plan's own layer split, all GPU types but the first, embedding and head time, "
           "transfers between stages, the "
           "optimizer's step, how batches change efficiency";
  }
  Prediction predict(const TrainingProblem& problem, const Plan& plan) const override {
    return galvatron::predict(problem, plan);
  }
};

}  // namespace

}  // namespace galvatron

const Estimator& galvatron_estimator() {
  static const galvatron::GalvatronEstimator estimator;
  return estimator;
}

}  // namespace sextant
