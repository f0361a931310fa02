#pragma once

// Plans whose time and cost are given, with the planner that finds the best of them and the
// estimator that judges them: questions about plans can be worked out by hand.

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "analyzer/training/separable.h"
#include "planner/training/planner.h"
#include "tests/support/small_problem.h"

namespace sextant::testing {

/// So many GPUs of type "A" in zone "here" do an iteration in that time, for that money.
struct FixedPlan {
  double iteration_s = 1;
  double compute_usd = 1;
  double egress_usd = 0;
  int gpus = 1;

  double usd() const { return compute_usd + egress_usd; }
  double iters_per_s() const { return 1 / iteration_s; }
};

/// Plan i of the list has the microbatch i + 1.
inline Plan plan_of(const std::vector<FixedPlan>& plans, std::size_t index) {
  Plan plan;
  plan.model = "small";
  plan.layer_count = 1;
  plan.global_batch = 8;
  plan.microbatch = static_cast<int>(index) + 1;
  const Replica replica = {{{"A", "here", -1, 1}}, 1, 0};
  const auto replicas = static_cast<std::size_t>(plans[index].gpus);
  plan.pipelines = {{{{{{0, 1}}, std::vector<Replica>(replicas, replica)}}}};
  return plan;
}

class FixedEstimator : public Estimator {
 public:
  explicit FixedEstimator(const std::vector<FixedPlan>& plans) : plans_(plans) {}
  std::string_view name() const override { return "fixed"; }
  std::string_view description() const override { return "looks it up"; }
  Prediction predict(const TrainingProblem&, const Plan& plan) const override {
    const FixedPlan& fixed = plans_[static_cast<std::size_t>(plan.microbatch) - 1];
    Prediction out;
    out.iteration_s = fixed.iteration_s;
    out.compute_usd = fixed.compute_usd;
    out.egress_usd = fixed.egress_usd;
    return out;
  }
  std::unique_ptr<SeparableCosts> separable(const TrainingProblem&,
                                            const PlanSettings&) const override {
    return nullptr;
  }

 private:
  const std::vector<FixedPlan>& plans_;
};

/// Of plans that are equally good it proposes the first.
class FixedPlanner : public Planner {
 public:
  /// One that is not `exact` overlooks plans of more than one GPU unless it is told of them, and
  /// proves nothing.
  explicit FixedPlanner(const std::vector<FixedPlan>& plans, bool exact = true)
      : plans_(plans), exact_(exact) {}
  std::string_view name() const override { return "fixed"; }
  std::string_view description() const override { return "tries them all"; }
  SearchResult search(const TrainingProblem& problem, const Estimator& judge,
                      const PlannerOptions& options) const override {
    if (options.time_limit_s) time_limits_s.push_back(*options.time_limit_s);
    SearchResult out;
    const Job& job = problem.job;
    double best = HUGE_VAL;
    for (std::size_t i = 0; i < plans_.size(); ++i) {
      if (!exact_ && plans_[i].gpus > 1 && !knows(options, i)) continue;
      const Plan plan = plan_of(plans_, i);
      const Prediction p = judge.predict(problem, plan);
      if (p.usd_per_iter() > job.max_usd_per_iter.value_or(HUGE_VAL)) continue;
      if (p.iters_per_s() < job.min_iters_per_s.value_or(0)) continue;
      const double value = job.objective == Objective::kThroughput ? p.iteration_s
                           : job.objective == Objective::kCost     ? p.usd_per_iter()
                                                                   : plans_[i].gpus;
      if (value >= best) continue;
      best = value;
      out.proposals = {{plan, p.iteration_s, p.usd_per_iter()}};
    }
    if (out.proposals.empty()) out.infeasible_reason = "no plan is within the bounds";
    if (!exact_ || out.proposals.empty()) return out;
    if (job.objective == Objective::kThroughput) out.bound_iters_per_s = 1 / best;
    if (job.objective == Objective::kCost) out.bound_usd_per_iter = best;
    if (job.objective == Objective::kGpus) out.bound_gpus = best;
    return out;
  }

  /// Of the searches so far.
  mutable std::vector<double> time_limits_s;

 private:
  static bool knows(const PlannerOptions& options, std::size_t index) {
    return std::any_of(
        options.known_plans.begin(), options.known_plans.end(),
        [&](const Plan& plan) { return plan.microbatch == static_cast<int>(index) + 1; });
  }

  const std::vector<FixedPlan>& plans_;
  bool exact_;
};

/// A job of 8 sequences of 1000 tokens, and eight GPUs of type "A" at 3600 USD an hour.
inline SmallProblem eight_gpus() {
  SmallProblem small;
  small.job.seq_len = 1000;
  small.measure("A", 1, {1, 2});
  small.add("A", "here", 8);
  return small;
}

}  // namespace sextant::testing
