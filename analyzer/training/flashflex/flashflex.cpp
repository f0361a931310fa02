#include "analyzer/training/flashflex/flashflex.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/table.h"
#include "analyzer/training/flashflex/model.h"
#include "analyzer/training/flashflex/ratings.h"
#include "analyzer/training/flashflex/strategy.h"
#include "analyzer/training/gpu_usd.h"
#include "analyzer/training/plan_checks.h"

namespace sextant {

namespace {

using flashflex::Model;
using flashflex::StageList;
using flashflex::Strategy;

class PlanCost {
 public:
  PlanCost(const TrainingProblem& problem, const Plan& plan)
      : problem_(problem),
        plan_(plan),
        strategy_(flashflex::strategy_of(problem, plan)),
        model_(flashflex::model_of(problem, strategy_.pools)) {}

  Prediction predict() {
    const auto pipelines = static_cast<std::int64_t>(strategy_.pipelines.size());
    out_.microbatches = static_cast<int>(plan_.global_batch / (plan_.microbatch * pipelines));
    if (out_.microbatches < 1) {
      throw_bad_input(fmt::format(
          "estimator flashflex: {} sequences are less than a microbatch of {} for each of {} "
          "pipelines",
          plan_.global_batch, plan_.microbatch, pipelines));
    }
    std::size_t stages = 0;
    for (const Pipeline& pipeline : plan_.pipelines) stages += pipeline.stages.size();
    out_.stages.resize(stages);
    for (std::size_t p = 0; p < strategy_.pipelines.size(); ++p) add_pipeline(p);
    add_sync();
    out_.iteration_s = out_.pipeline_s + out_.sync_s;
    if (!(out_.iteration_s > 0) || !std::isfinite(out_.iteration_s)) {
      throw_bad_input(
          fmt::format("estimator flashflex: predicts {} s an iteration", out_.iteration_s));
    }
    out_.interval = {out_.iteration_s, out_.iteration_s, out_.iteration_s, false};
    out_.compute_usd = gpu_usd(problem_.cluster, plan_, out_.iteration_s);
    return std::move(out_);
  }

 private:
  void add_pipeline(std::size_t p) {
    const StageList& stages = strategy_.pipelines[p];
    for (std::size_t s = 0; s < stages.size(); ++s) {
      const Strategy::Place& place = strategy_.places[p][s];
      StagePrediction& out = out_.stages[place.stage];
      out.compute_s = std::max(out.compute_s, model_.compute_s(stages[s], plan_.microbatch));
      double transfer = model_.tensor_s(stages[s], plan_.microbatch);
      if (s + 1 < stages.size()) {
        transfer += model_.send_s(stages[s], stages[s + 1], plan_.microbatch);
      }
      out.transfer_s = std::max(out.transfer_s, transfer);
      add_memory(stages, s, place, out);
    }
    const std::vector<double> stage_s = model_.stage_s(stages, plan_.microbatch);
    const double pipeline_s = flashflex::columns_s(stage_s, out_.microbatches);
    if (pipeline_s <= out_.pipeline_s) return;
    const int slowest = flashflex::slowest_stage(stage_s);
    out_.pipeline_s = pipeline_s;
    out_.steady_s = (out_.microbatches - 1) * stage_s[static_cast<std::size_t>(slowest)];
    out_.fill_s = pipeline_s - out_.steady_s;
    out_.slowest_stage =
        static_cast<int>(strategy_.places[p][static_cast<std::size_t>(slowest)].stage);
  }

  void add_memory(const StageList& stages, std::size_t s, const Strategy::Place& place,
                  StagePrediction& out) {
    const double need = model_.memory_bytes(stages[s].layers,
                                            strategy_.shards > 0 ? strategy_.shards : stages[s].tp,
                                            s == 0, s + 1 == stages.size(), plan_.microbatch);
    const double capacity = model_.rating(stages[s].type).memory_bytes;
    if (!(capacity > 0)) {
      throw_bad_input(fmt::format("estimator flashflex: the memory of {} is not known",
                                  quote(place.pool->gpu)));
    }
    if (out.memory_capacity_bytes > 0 &&
        need / capacity <= out.peak_memory_bytes / out.memory_capacity_bytes) {
      return;
    }
    out.peak_memory_bytes = need;
    out.memory_bound_bytes = need;
    out.memory_capacity_bytes = capacity;
    out_.peak_memory_bytes = std::max(out_.peak_memory_bytes, need);
    out_.memory_bound_bytes = out_.peak_memory_bytes;
    if (need > capacity && out_.fits) {
      out_.fits = false;
      out_.memory_note = fmt::format("stage {} needs {} of {}", place.stage, format_gib(need),
                                     format_gib(capacity));
    }
  }

  /// Of as many layers as the model has transformer layers, counted from the plan's first, as the
  /// published code does although the plan's first is the embedding.
  void add_sync() {
    if (strategy_.pipelines.size() < 2) return;
    const int layers = std::min(model_.shape().blocks, plan_.layer_count);
    std::vector<std::size_t> at(strategy_.pipelines.size(), 0);
    for (int layer = 0; layer < layers; ++layer) {
      std::vector<const flashflex::Stage*> holders;
      for (std::size_t p = 0; p < at.size(); ++p) {
        while (layer >= strategy_.places[p][at[p]].layers.end) ++at[p];
        holders.push_back(&strategy_.pipelines[p][at[p]]);
      }
      const double layer_s = model_.layer_sync_s(holders);
      out_.sync_s += layer_s;
      std::size_t done = out_.stages.size();
      for (std::size_t p = 0; p < at.size(); ++p) {
        const std::size_t stage = strategy_.places[p][at[p]].stage;
        if (stage != done) out_.stages[stage].sync_s += layer_s;  // once for all its replicas
        done = stage;
      }
    }
  }

  const TrainingProblem& problem_;
  const Plan& plan_;
  Strategy strategy_;
  Model model_;
  Prediction out_;
};

class FlashFlexEstimator : public Estimator {
 public:
  std::string_view name() const override { return "flashflex"; }
  std::string_view description() const override {
    return "FlashFlex's cost model (2024), as Sailor's evaluation has it";
  }
  std::string_view ignores() const override {
    return "how fast kernels really are (it divides FLOPs by a rating), the optimizer step, that "
           "larger microbatches are more efficient, attention scores and all microbatches in "
           "flight but one in memory, all links between machines but the slowest";
  }

  Prediction predict(const TrainingProblem& problem, const Plan& plan) const override {
    require_layers_of(problem.profile, plan);
    return PlanCost(problem, plan).predict();
  }
};

}  // namespace

const Estimator& flashflex_estimator() {
  static const FlashFlexEstimator estimator;
  return estimator;
}

}  // namespace sextant
