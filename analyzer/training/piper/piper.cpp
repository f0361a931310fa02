#include "analyzer/training/piper/piper.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/training/gpu_usd.h"
#include "analyzer/training/piper/chain.h"
#include "analyzer/training/piper/tables.h"
#include "analyzer/training/plan_checks.h"
#include "analyzer/training/uniform_view.h"

namespace sextant {

namespace {

class PiperEstimator : public Estimator {
 public:
  std::string_view name() const override { return "piper"; }
  std::string_view description() const override {
    return "Piper's cost model (NeurIPS'21), as Sailor's evaluation has it";
  }
  std::string_view ignores() const override {
    return "filling and draining the pipeline, the optimizer step, what a framework allocates, "
           "other GPU types than the first, latency of links and links inside a machine, that "
           "larger microbatches send more";
  }

  Prediction predict(const TrainingProblem& problem, const Plan& plan) const override {
    const UniformView view = uniform_view(plan, name());
    require_layers_of(problem.profile, plan);
    const GpuPool& pool = pool_used(problem.cluster, view.gpu(), view.zone);
    const piper::LayerTables tables =
        piper::layer_tables(problem, view.gpu(), view.tp, view.microbatch);
    const piper::Chain chain(tables.layers);
    // A single replica sends nothing.
    const double bytes_per_s = view.pp == 1 && view.dp == 1
                                   ? std::numeric_limits<double>::infinity()
                                   : piper::link_bytes_per_s(problem.cluster, pool);
    Prediction out;
    out.microbatches =
        (view.global_batch + view.dp * view.microbatch - 1) / (view.dp * view.microbatch);
    int dp_from_here = 0;
    for (const auto& stage : view.gpus) dp_from_here += static_cast<int>(stage.size());
    for (std::size_t s = 0; s < view.stages.size(); ++s) {
      const int dp = static_cast<int>(view.gpus[s].size());
      add_stage(chain, view, s, piper::in_flight(dp_from_here, dp), bytes_per_s, pool, out);
      dp_from_here -= dp;
    }
    if (!tables.timed) {
      // As Sailor's evaluation does: what cannot fit needs no times.
      if (!out.fits) throw_infeasible(out.memory_note);
      problem.profile.at(view.gpu(), view.tp, view.microbatch);  // throws
    }
    if (!(out.iteration_s > 0) || !std::isfinite(out.iteration_s)) {
      throw_bad_input(
          fmt::format("estimator piper: predicts {} s an iteration: the profile has no "
                      "times, or a link no bandwidth",
                      out.iteration_s));
    }
    out.interval = {out.iteration_s, out.iteration_s, out.iteration_s, false};
    out.compute_usd = gpu_usd(problem.cluster, plan, out.iteration_s);
    return out;
  }

 private:
  static void add_stage(const piper::Chain& chain, const UniformView& view, std::size_t s,
                        int in_flight, double bytes_per_s, const GpuPool& pool, Prediction& out) {
    const LayerRange& layers = view.stages[s];
    const int dp = static_cast<int>(view.gpus[s].size());
    StagePrediction stage;
    stage.compute_s = chain.compute_s(layers);
    stage.transfer_s = chain.transfer_bytes(layers) / bytes_per_s;
    stage.sync_s = piper::sync_bytes(chain.parameter_bytes(layers), dp) / bytes_per_s;
    stage.peak_memory_bytes =
        chain.activation_bytes(layers) * in_flight + chain.state_bytes(layers);
    stage.memory_bound_bytes = stage.peak_memory_bytes;
    stage.memory_capacity_bytes = pool.memory_bytes;
    // Replicas share the microbatches evenly, whether they can or not.
    const double turns = static_cast<double>(view.global_batch) / view.microbatch / dp;
    const double pipeline_s = turns * (stage.compute_s + stage.transfer_s);
    if (pipeline_s + stage.sync_s > out.iteration_s) {
      out.iteration_s = pipeline_s + stage.sync_s;
      out.pipeline_s = out.steady_s = pipeline_s;
      out.sync_s = stage.sync_s;
      out.slowest_stage = static_cast<int>(s);
    }
    out.stages.push_back(stage);
    count_memory_of_last_stage(out);
    out.memory_bound_bytes = out.peak_memory_bytes;
  }
};

}  // namespace

const Estimator& piper_estimator() {
  static const PiperEstimator estimator;
  return estimator;
}

}  // namespace sextant
