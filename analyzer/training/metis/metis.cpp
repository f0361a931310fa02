#include "analyzer/training/metis/metis.h"

#include <algorithm>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/table.h"
#include "analyzer/training/gpu_usd.h"
#include "analyzer/training/metis/model.h"
#include "analyzer/training/plan_checks.h"
#include "analyzer/training/uniform_view.h"

namespace sextant {

namespace metis {

namespace {

constexpr double kSecondsPerMillisecond = 1e-3;

/// The plan as the tool sees it.
struct View {
  std::vector<TypeInZone> types;
  std::vector<double> memory_bytes;  ///< of a GPU, by type
  std::vector<StageShape> stages;
  std::vector<Rank> ranks;
  int batches = 1;

  int type_of(const TrainingProblem& problem, const Machine& machine) {
    for (std::size_t t = 0; t < types.size(); ++t) {
      if (types[t].gpu == machine.gpu) return static_cast<int>(t);
    }
    const GpuPool& pool = pool_used(problem.cluster, machine.gpu, machine.zone);
    types.push_back({machine.gpu, machine.zone, pool.gpus_per_node});
    memory_bytes.push_back(pool.memory_bytes);
    return static_cast<int>(types.size()) - 1;
  }
};

View view_of(const TrainingProblem& problem, const Plan& plan) {
  const UniformView uniform = uniform_view(plan, "metis");
  View view;
  view.batches = std::max(1, plan.global_batch / plan.microbatch / uniform.dp);
  const int node_size = pool_used(problem.cluster, uniform.gpu(), uniform.zone).gpus_per_node;
  for (std::size_t s = 0; s < uniform.stages.size(); ++s) {
    const std::vector<Replica>& replicas = plan.pipelines.front().stages[s].replicas;
    StageShape& stage = view.stages.emplace_back();
    stage.first_layer = uniform.stages[s].first;
    stage.end_layer = uniform.stages[s].end;
    stage.dp = static_cast<int>(replicas.size());
    stage.tp = replicas.front().tp;
    stage.microbatch =
        s == 0 ? plan.microbatch : std::max(1, plan.global_batch / stage.dp / view.batches);
    stage.first_rank = static_cast<int>(view.ranks.size());
    for (const Replica& replica : replicas) {
      const int type = view.type_of(problem, replica.machines.front());
      if (std::find(stage.gpus.begin(), stage.gpus.end(), type) == stage.gpus.end()) {
        stage.gpus.push_back(type);
      }
      // Nodes are filled one after the other, whatever their type.
      for (int t = 0; t < stage.tp; ++t) {
        view.ranks.push_back({type, static_cast<int>(view.ranks.size()) / node_size});
      }
    }
  }
  return view;
}

void add_memory(const View& view, CostModel& model, Prediction& out) {
  for (std::size_t s = 0; s < view.stages.size(); ++s) {
    StagePrediction& stage = out.stages[s];
    stage.peak_memory_bytes = model.memory_bytes(view.stages[s]);
    stage.memory_bound_bytes = stage.peak_memory_bytes;
    stage.memory_capacity_bytes = view.memory_bytes[static_cast<std::size_t>(*std::min_element(
        view.stages[s].gpus.begin(), view.stages[s].gpus.end(), [&](int a, int b) {
          return view.memory_bytes[static_cast<std::size_t>(a)] <
                 view.memory_bytes[static_cast<std::size_t>(b)];
        }))];
    out.peak_memory_bytes = std::max(out.peak_memory_bytes, stage.peak_memory_bytes);
    if (out.fits && stage.peak_memory_bytes > stage.memory_capacity_bytes) {
      out.fits = false;
      out.memory_note =
          fmt::format("stage {} needs {} per GPU, which has {}", s,
                      format_gib(stage.peak_memory_bytes), format_gib(stage.memory_capacity_bytes));
    }
  }
  out.memory_bound_bytes = out.peak_memory_bytes;
}

Prediction predict(const TrainingProblem& problem, const Plan& plan) {
  const View view = view_of(problem, plan);
  std::vector<std::string> gpus;
  for (const TypeInZone& type : view.types) gpus.push_back(type.gpu);
  Tables tables(problem, gpus, Reader::kValidation);
  Links links(problem, view.types);
  CostModel model(problem, tables, links);

  const PlanCost cost = model.cost(view.stages, view.batches, view.ranks);
  Prediction out;
  out.iteration_s = cost.total_ms() * kSecondsPerMillisecond;
  out.steady_s = cost.steady_ms * kSecondsPerMillisecond;
  out.fill_s = (cost.fill_ms + cost.fb_sync_ms) * kSecondsPerMillisecond;
  out.sync_s = cost.sync_ms * kSecondsPerMillisecond;
  out.update_s = cost.optimizer_ms * kSecondsPerMillisecond;
  out.pipeline_s = out.iteration_s - out.sync_s;
  out.microbatches = view.batches;
  for (std::size_t s = 0; s < view.stages.size(); ++s) {
    const StageCost of = model.stage_cost(
        view.stages[s], s + 1 < view.stages.size() ? &view.stages[s + 1] : nullptr, view.ranks);
    StagePrediction& stage = out.stages.emplace_back();
    stage.compute_s = of.compute_ms * kSecondsPerMillisecond;
    stage.transfer_s = of.transfer_ms * kSecondsPerMillisecond;
    stage.sync_s = of.sync_ms * kSecondsPerMillisecond;
    stage.update_s = of.optimizer_ms * kSecondsPerMillisecond;
    if (stage.compute_s > out.stages[static_cast<std::size_t>(out.slowest_stage)].compute_s) {
      out.slowest_stage = static_cast<int>(s);
    }
  }
  add_memory(view, model, out);
  out.compute_usd = gpu_usd(problem.cluster, plan, out.iteration_s);
  return out;
}

class MetisEstimator : public Estimator {
 public:
  std::string_view name() const override { return "metis"; }
  std::string_view description() const override {
    return "Metis's published cost model (USENIX ATC'24), quirks included";
  }
  std::string_view ignores() const override {
    return "backward transfers, contention, activations of more than one microbatch, zones";
  }
  Prediction predict(const TrainingProblem& problem, const Plan& plan) const override {
    return metis::predict(problem, plan);
  }
};

}  // namespace

}  // namespace metis

const Estimator& metis_estimator() {
  static const metis::MetisEstimator estimator;
  return estimator;
}

}  // namespace sextant
