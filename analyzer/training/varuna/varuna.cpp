// Estimator `varuna`: the published simulator of Varuna (EuroSys'22) as Sailor's artifact has it,
// quirks included. Jitter is added to every computation and every send, with constants that no
// measurement can change.
#include "analyzer/training/varuna/varuna.h"

#include <algorithm>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/training/gpu_usd.h"
#include "analyzer/training/plan_checks.h"
#include "analyzer/training/uniform_view.h"
#include "analyzer/training/varuna/model.h"

namespace sextant {

namespace {

varuna::Grid grid_of(const UniformView& view, const GpuPool& pool) {
  varuna::Grid grid;
  grid.stages = view.stages;
  grid.dp = view.dp;
  grid.tp = view.tp;
  grid.microbatch = view.microbatch;
  grid.global_batch = view.global_batch;
  grid.gpu = pool.gpu;
  grid.zone = pool.zone;
  grid.gpus_per_node = pool.gpus_per_node;
  return grid;
}

void add_stages(const varuna::GridTimes& times, const varuna::Grid& grid,
                const std::vector<varuna::LayerFigures>& layers, const GpuPool& pool,
                Prediction& out) {
  for (std::size_t s = 0; s < grid.stages.size(); ++s) {
    StagePrediction& stage = out.stages.emplace_back();
    stage.compute_s = times.compute_s[s];
    stage.transfer_s = times.transfer_s[s];
    stage.sync_s = times.sync_s;
    stage.peak_memory_bytes = varuna::stage_memory_bytes(layers, grid.stages[s], grid.tp);
    stage.memory_bound_bytes = stage.peak_memory_bytes;
    stage.memory_capacity_bytes = pool.memory_bytes;
    count_memory_of_last_stage(out);
    out.fill_s += stage.compute_s + stage.transfer_s;
  }
  out.memory_bound_bytes = out.peak_memory_bytes;
  const auto slowest = std::max_element(times.compute_s.begin(), times.compute_s.end());
  out.slowest_stage = static_cast<int>(slowest - times.compute_s.begin());
}

class VarunaEstimator : public Estimator {
 public:
  std::string_view name() const override { return "varuna"; }
  std::string_view description() const override {
    return "Varuna's published simulation of 1F1B with jitter (EuroSys'22), and its memory model";
  }
  std::string_view ignores() const override {
    return "the optimizer's update, microbatches in flight and optimizer state in memory, GPU "
           "types beyond the first replica's";
  }

  Prediction predict(const TrainingProblem& problem, const Plan& plan) const override {
    const UniformView view = uniform_view(plan, name());
    const GpuPool& pool = pool_used(problem.cluster, view.gpu(), view.zone);
    require_layers_of(problem.profile, plan);
    const varuna::LayerTable table = varuna::layer_table(problem, view.gpu(), view.tp);
    const varuna::Grid grid = grid_of(view, pool);
    const varuna::GridTimes times = varuna::grid_times(problem, table, grid);
    Prediction out;
    out.microbatches = grid.microbatches();
    add_stages(times, grid, table.at(grid.microbatch), pool, out);
    out.pipeline_s = times.pipeline_s;
    // The simulation has no such parts: what is not the first pass counts as the rest's.
    out.fill_s = std::min(out.fill_s, out.pipeline_s);
    out.steady_s = out.pipeline_s - out.fill_s;
    out.sync_s = times.sync_s;
    out.iteration_s = times.iteration_s();
    if (!(out.iteration_s > 0)) {
      throw_bad_input("estimator varuna: " + table.source + ": all times of microbatch " +
                      std::to_string(grid.microbatch) + " are 0");
    }
    out.interval = {out.iteration_s, out.iteration_s, out.iteration_s, false};
    out.compute_usd = gpu_usd(problem.cluster, plan, out.iteration_s);
    return out;
  }
};

}  // namespace

const Estimator& varuna_estimator() {
  static const VarunaEstimator estimator;
  return estimator;
}

}  // namespace sextant
