#include "analyzer/training/aceso/aceso.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/table.h"
#include "analyzer/training/aceso/cost_model.h"
#include "analyzer/training/gpu_usd.h"
#include "analyzer/training/plan_checks.h"
#include "analyzer/training/uniform_view.h"

namespace sextant {

namespace aceso {

namespace {

constexpr double kMsPerSecond = 1000;

/// Each stage has the tensor degree of its first replica.
OperatorPlan operators_of(const Plan& plan, const OperatorSequence& operators) {
  OperatorPlan out;
  for (const Stage& stage : plan.pipelines.front().stages) {
    const LayerRange layers = stage.chunks.front();
    out.stages.push_back({operators.first_of(layers.first), operators.first_of(layers.end),
                          stage.replicas.front().tp, static_cast<int>(stage.replicas.size())});
  }
  out.stage_batch = plan.microbatch * out.stages.front().dp;
  return out;
}

class AcesoEstimator : public Estimator {
 public:
  std::string_view name() const override { return "aceso"; }
  std::string_view description() const override {
    return "Aceso's published cost model (EuroSys'24), operator by operator";
  }
  std::string_view ignores() const override {
    return "data-parallel synchronisation, the optimizer's step";
  }
  Prediction predict(const TrainingProblem& problem, const Plan& plan) const override;
};

Prediction AcesoEstimator::predict(const TrainingProblem& problem, const Plan& plan) const {
  require_layers_of(problem.profile, plan);
  // The first replica's GPU type stands for the whole plan, as where the published evaluation
  // predicted runs on several types.
  const UniformView view = uniform_view(plan, "aceso");
  const GpuPool& pool = pool_used(problem.cluster, view.gpu(), view.zone);
  const Tables tables = load_tables(problem, pool);
  const OperatorPlan cut = operators_of(plan, tables.operators);
  const std::vector<OperatorStageCost> costs =
      CostModel(tables, pool.gpus_per_node).stage_costs(cut);
  Prediction out;
  for (const OperatorStageCost& cost : costs) {
    StagePrediction& stage = out.stages.emplace_back();
    stage.compute_s = cost.compute_ms / kMsPerSecond;
    stage.transfer_s = cost.transfer_ms / kMsPerSecond;
    stage.peak_memory_bytes = cost.memory_mb * kBytesPerMb;
    stage.memory_bound_bytes = stage.peak_memory_bytes;
    stage.memory_capacity_bytes = pool.memory_bytes;
    out.fill_s += cost.time_ms() / kMsPerSecond;
    if (cost.time_ms() > costs[static_cast<std::size_t>(out.slowest_stage)].time_ms()) {
      out.slowest_stage = static_cast<int>(out.stages.size()) - 1;
    }
    out.peak_memory_bytes = std::max(out.peak_memory_bytes, stage.peak_memory_bytes);
    if (stage.peak_memory_bytes > stage.memory_capacity_bytes && out.fits) {
      out.fits = false;
      out.memory_note =
          fmt::format("stage {} needs {} of {}", out.stages.size() - 1,
                      format_gib(stage.peak_memory_bytes), format_gib(stage.memory_capacity_bytes));
    }
  }
  out.memory_bound_bytes = out.peak_memory_bytes;
  out.microbatches =
      static_cast<int>(std::ceil(static_cast<double>(plan.global_batch) / cut.stage_batch));
  out.iteration_s = iteration_ms(costs, plan.global_batch, cut.stage_batch) / kMsPerSecond;
  out.pipeline_s = out.iteration_s;
  out.steady_s = out.iteration_s - out.fill_s;
  out.interval = {out.iteration_s, out.iteration_s, out.iteration_s, false};
  out.compute_usd = gpu_usd(problem.cluster, plan, out.iteration_s);
  return out;
}

}  // namespace

}  // namespace aceso

const Estimator& aceso_estimator() {
  static const aceso::AcesoEstimator estimator;
  return estimator;
}

}  // namespace sextant
