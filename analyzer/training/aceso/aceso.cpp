#include "analyzer/training/aceso/aceso.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/table.h"
#include "analyzer/training/aceso/cost_model.h"
#include "analyzer/training/gpu_usd.h"

namespace sextant {

namespace aceso {

namespace {

constexpr double kMsPerSecond = 1000;

/// The one pool that the plan uses.
const GpuPool& pool_of(const TrainingProblem& problem, const Plan& plan) {
  const std::vector<GpuUse> uses = gpus_used(plan);
  for (const GpuUse& use : uses) {
    if (use.gpu != uses.front().gpu) {
      throw_bad_input(
          fmt::format("estimator aceso: models plans of one GPU type, this one uses {} and {}",
                      uses.front().gpu, use.gpu));
    }
  }
  const GpuPool* pool = problem.cluster.find(uses.front().gpu, uses.front().zone);
  if (pool == nullptr) {
    throw_bad_input(fmt::format("plan: uses {} in zone {}, which cluster {} does not have",
                                quote(uses.front().gpu), quote(uses.front().zone),
                                quote(problem.cluster.name)));
  }
  return *pool;
}

OperatorPlan operators_of(const Plan& plan, const OperatorSequence& operators) {
  if (plan.pipelines.size() != 1) {
    throw_bad_input("estimator aceso: does not model several pipelines");
  }
  OperatorPlan out;
  for (const Stage& stage : plan.pipelines.front().stages) {
    if (stage.chunks.size() != 1) {
      throw_bad_input("estimator aceso: does not model virtual chunks");
    }
    for (const Replica& replica : stage.replicas) {
      if (replica.tp != stage.replicas.front().tp) {
        throw_bad_input(
            fmt::format("estimator aceso: models one tensor degree a stage, stage {} has {} and {}",
                        out.stages.size(), stage.replicas.front().tp, replica.tp));
      }
    }
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
  if (problem.profile.layer_count != plan.layer_count) {
    throw_bad_input(fmt::format("plan: has {} layers, the profile of {} has {}", plan.layer_count,
                                quote(problem.profile.model), problem.profile.layer_count));
  }
  const GpuPool& pool = pool_of(problem, plan);
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
