#include "analyzer/training/sextant/sextant.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/table.h"
#include "analyzer/training/sextant/iteration.h"
#include "analyzer/training/sextant/plan_memory.h"
#include "analyzer/training/sextant/separable_view.h"

namespace sextant {

namespace {

/// Standard deviations from the mean to the 10th and 90th percentile of a normal distribution.
constexpr double kTenth = 1.2815515655446004;

std::string binding_part(const Iteration::Times& times) {
  const TimeBreakdown& parts = times.breakdown;
  const std::pair<double, std::string> all[] = {
      {parts.compute_s, fmt::format("the computation of stage {}", times.slowest_stage)},
      {parts.bubble_s, "bubbles: stages that wait for each other's computation"},
      {parts.exposed_transfer_s, "messages between stages"},
      {parts.exposed_sync_s, "the exchange of gradients among replicas"},
      {parts.update_s, "the optimizer"},
      {parts.overhead_s, "the overhead of an iteration"}};
  const auto* most = std::max_element(std::begin(all), std::end(all));
  return fmt::format("{}: {} of {}", most->second, format_seconds(most->first),
                     format_seconds(times.end_s));
}

class SextantEstimator : public Estimator {
 public:
  std::string_view name() const override { return "sextant"; }
  std::string_view description() const override {
    return "event simulation of schedule, transfers and synchronisation; memory term by term";
  }
  Prediction predict(const TrainingProblem& problem, const Plan& plan) const override;
  std::unique_ptr<SeparableCosts> separable(const TrainingProblem& problem,
                                            const PlanSettings& settings) const override {
    return sextant_separable(problem, settings);
  }
  std::optional<Timeline> timeline(const TrainingProblem& problem,
                                   const Plan& plan) const override {
    const Iteration iteration(problem, plan, Percentile::kMedian, 0);
    Timeline timeline = iteration.timeline();
    add_memory(problem, plan, iteration.microbatches(), timeline);
    return timeline;
  }

 private:
  static Prediction timed(const TrainingProblem& problem, const Plan& plan);
};

TimeInterval interval_of(const TrainingProblem& problem, const Plan& plan, double median_s) {
  const double low_s = Iteration(problem, plan, Percentile::k10, -kTenth).times().end_s;
  const double high_s = Iteration(problem, plan, Percentile::k90, kTenth).times().end_s;
  return {median_s, std::min(low_s, median_s), std::max(high_s, median_s), high_s > low_s};
}

/// Whether nobody measured some replica's microbatch, and memory can be judged nevertheless: of
/// stages alike in replicas, without virtual chunks.
bool lacks_times_only(const TrainingProblem& problem, const Plan& plan) {
  bool lacks = false;
  for (const Pipeline& pipeline : plan.pipelines) {
    for (const Stage& stage : pipeline.stages) {
      if (stage.chunks.size() != 1) return false;
      if (stage.replicas.size() != pipeline.stages.front().replicas.size()) return false;
      for (const Replica& replica : stage.replicas) {
        const std::string& gpu = replica.machines.front().gpu;
        lacks |= problem.profile.find(gpu, replica.tp, plan.microbatch) == nullptr;
        if (!problem.profile.memory.contains(replica.tp)) return false;
      }
    }
  }
  return lacks && problem.profile.layer_count == plan.layer_count;
}

void require_fit(const TrainingProblem& problem, const Plan& plan) {
  Prediction memory;
  for (const Pipeline& pipeline : plan.pipelines) {
    memory.stages.resize(memory.stages.size() + pipeline.stages.size());
  }
  add_memory(problem, plan, place(plan, problem.cluster), microbatches_by_replica(plan), memory);
  if (!memory.fits) throw_infeasible(memory.memory_note);
}

Prediction SextantEstimator::predict(const TrainingProblem& problem, const Plan& plan) const {
  try {
    return timed(problem, plan);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kBadInput && lacks_times_only(problem, plan)) {
      require_fit(problem, plan);
    }
    throw;
  }
}

Prediction SextantEstimator::timed(const TrainingProblem& problem, const Plan& plan) {
  const Iteration iteration(problem, plan, Percentile::kMedian, 0);
  const Iteration::Times times = iteration.times();
  if (!(times.end_s > 0) || !std::isfinite(times.end_s)) {
    throw_bad_input(fmt::format(
        "estimator sextant: predicts {} s an iteration: the network's model is used outside its "
        "range",
        times.end_s));
  }
  Prediction out;
  out.iteration_s = times.end_s;
  out.breakdown = times.breakdown;
  out.steady_s = times.breakdown.compute_s;
  out.fill_s =
      times.breakdown.bubble_s + times.breakdown.exposed_transfer_s + times.breakdown.overhead_s;
  out.pipeline_s = times.pipelines_end_s;
  out.sync_s = times.breakdown.exposed_sync_s;
  out.update_s = times.breakdown.update_s;
  out.microbatches = times.microbatches;
  out.slowest_stage = times.slowest_stage;
  out.binds = binding_part(times);
  out.interval = interval_of(problem, plan, out.iteration_s);
  out.stages = iteration.stages();
  add_memory(problem, plan, iteration.placement(), iteration.microbatches(), out);
  out.egress_usd = iteration.egress_usd();
  for (const GpuUse& use : gpus_used(plan)) {
    const GpuPool* pool = problem.cluster.find(use.gpu, use.zone);
    out.compute_usd += use.count * pool->usd_per_hour / 3600 * out.iteration_s;
  }
  return out;
}

}  // namespace

const Estimator& sextant_estimator() {
  static const SextantEstimator estimator;
  return estimator;
}

}  // namespace sextant
