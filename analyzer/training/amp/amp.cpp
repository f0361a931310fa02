#include "analyzer/training/amp/amp.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/training/amp/model.h"
#include "analyzer/training/amp/tables.h"
#include "analyzer/training/gpu_usd.h"
#include "analyzer/training/plan_checks.h"
#include "analyzer/training/uniform_view.h"

namespace sextant {

namespace {

/// The pool of the first replica of each GPU type, in the order in which the plan names them.
std::vector<const GpuPool*> pools_used(const Cluster& cluster, const Plan& plan) {
  std::vector<const GpuPool*> pools;
  for (const Stage& stage : plan.pipelines.front().stages) {
    for (const Replica& replica : stage.replicas) {
      const Machine& machine = replica.machines.front();
      const bool known = std::any_of(pools.begin(), pools.end(),
                                     [&](const GpuPool* pool) { return pool->gpu == machine.gpu; });
      if (known) continue;
      pools.push_back(&pool_used(cluster, machine.gpu, machine.zone));
    }
  }
  return pools;
}

class AmpEstimator : public Estimator {
 public:
  std::string_view name() const override { return "amp"; }
  std::string_view description() const override {
    return "AMP's cost model (NeurIPS'22), as Sailor's evaluation has it";
  }
  std::string_view ignores() const override {
    return "memory, the optimizer step, that larger microbatches are more efficient, backward "
           "transfers, slow GPU types (it takes the mean), links inside a machine, all but one "
           "link of the all-reduce";
  }
  bool models_memory() const override { return false; }

  Prediction predict(const TrainingProblem& problem, const Plan& plan) const override {
    const UniformView view = uniform_view(plan, name());
    require_layers_of(problem.profile, plan);
    const std::vector<const GpuPool*> pools = pools_used(problem.cluster, plan);
    std::vector<std::string> gpus;
    for (const GpuPool* pool : pools) gpus.push_back(pool->gpu);
    const auto tables = amp::layer_tables(problem, gpus, view.tp);
    if (!tables) {
      // Names what is missing and what there is.
      problem.profile.memory_at(view.tp);
      problem.profile.at(gpus.front(), view.tp, 1);
      throw_bad_input(fmt::format("estimator amp: no times at tp {}", view.tp));
    }
    const amp::Grid grid = {view.dp, view.tp, view.microbatch, view.global_batch, view.stages};
    return prediction(
        problem, plan,
        amp::cost_of(*tables, amp::machines_of(problem.cluster, pools, grid.ranks()), grid));
  }

 private:
  static Prediction prediction(const TrainingProblem& problem, const Plan& plan,
                               const amp::Cost& cost) {
    Prediction out;
    out.iteration_s = cost.iteration_s();
    if (!(out.iteration_s > 0) || !std::isfinite(out.iteration_s)) {
      throw_bad_input(
          fmt::format("estimator amp: predicts {} s an iteration: the profile has no "
                      "times, or a link no bandwidth",
                      out.iteration_s));
    }
    out.pipeline_s = cost.steady_s + cost.fill_s;
    out.steady_s = cost.steady_s;
    out.fill_s = cost.fill_s;
    out.sync_s = cost.sync_s;
    out.microbatches = static_cast<int>(std::ceil(cost.microbatches));
    out.slowest_stage = cost.slowest_stage;
    for (const amp::StageCost& stage : cost.stages) {
      StagePrediction& predicted = out.stages.emplace_back();
      predicted.compute_s = stage.compute_s;
      predicted.transfer_s = stage.transfer_s;
      predicted.sync_s = stage.sync_s;
    }
    out.interval = {out.iteration_s, out.iteration_s, out.iteration_s, false};
    out.compute_usd = gpu_usd(problem.cluster, plan, out.iteration_s);
    return out;
  }
};

}  // namespace

const Estimator& amp_estimator() {
  static const AmpEstimator estimator;
  return estimator;
}

}  // namespace sextant
