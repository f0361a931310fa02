#include "planner/training/explain/replanner.h"

#include "analyzer/core/error.h"
#include "analyzer/core/interrupt.h"
#include "planner/training/explain/plan_shape.h"

namespace sextant {

namespace {

/// Where the caller says nothing: a small part of planner sextant's own budget, since the plan to
/// begin with is a good one.
constexpr std::uint64_t kEvaluations = 1'000'000;
/// A bound this close is met.
constexpr double kMet = 1e-6;

bool meets_bounds(const Job& job, const Prediction& p) {
  return p.fits && !(job.max_usd_per_iter && p.usd_per_iter() > *job.max_usd_per_iter) &&
         !(job.min_iters_per_s && p.iters_per_s() < *job.min_iters_per_s);
}

bool proved(Objective objective, const SearchResult& search, const PlanFigures& found) {
  switch (objective) {
    case Objective::kThroughput:
      return search.bound_iters_per_s &&
             *search.bound_iters_per_s <= found.iters_per_s * (1 + kMet);
    case Objective::kCost:
      return search.bound_usd_per_iter &&
             *search.bound_usd_per_iter * (1 + kMet) >= found.usd_per_iter;
    case Objective::kGpus:
      return search.complete && search.bound_gpus && *search.bound_gpus >= found.gpus - kMet;
  }
  return false;
}

}  // namespace

Replanner::Replanner(const PlannedJob& best, const TrainingProblem& problem,
                     const PlannerOptions& options)
    : best_(best),
      problem_(problem),
      options_(options),
      ours_(figures_of(best.plan, best.prediction)) {
  if (options_.max_evaluations == 0) options_.max_evaluations = kEvaluations;
  options_.known_plans = {best.plan};
  if (options.time_limit_s) {
    deadline_ = std::chrono::steady_clock::now() +
                std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                    std::chrono::duration<double>(*options.time_limit_s));
  }
}

std::optional<Change> Replanner::judge_again(const TrainingProblem& changed,
                                             std::string what) const {
  Change out;
  out.what = std::move(what);
  out.same_plan = true;
  try {
    const Prediction p = best_.estimator->predict(changed, best_.plan);
    if (!meets_bounds(changed.job, p)) return std::nullopt;
    out.figures = figures_of(best_.plan, p);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kBadInput && error.code() != ErrorCode::kInfeasible) throw;
    return std::nullopt;
  }
  out.gain = gain(problem_.job.objective, ours_, out.figures);
  return out;
}

std::optional<Change> Replanner::plan_again(const TrainingProblem& changed, std::string what) {
  PlannerOptions options = options_;
  if (deadline_) {
    const double left_s =
        std::chrono::duration<double>(*deadline_ - std::chrono::steady_clock::now()).count();
    options.time_limit_s = left_s;
    if (left_s <= 0) {
      ++left_out_;
      return std::nullopt;
    }
  }
  if (interrupted()) {
    ++left_out_;
    return std::nullopt;
  }
  const PlannedJob found = plan_job(*best_.planner, changed, *best_.estimator, options);
  ++planned_again_;
  evaluations_ += found.search.evaluations;
  // Whatever the search came to, the plan that there is can still be run.
  std::optional<Change> out = judge_again(changed, what);
  if (found.feasible) {
    const PlanFigures figures = figures_of(found.plan, found.prediction);
    const Objective objective = problem_.job.objective;
    if (!out || gain(objective, out->figures, figures) > kMet) {
      out.emplace();
      out->figures = figures;
      out->gain = gain(objective, ours_, figures);
      out->plan_change = plan_change(best_.plan, found.plan);
    }
  }
  if (!out) return out;
  out->what = std::move(what);
  out->same_plan = false;
  out->proved = proved(problem_.job.objective, found.search, out->figures);
  return out;
}

}  // namespace sextant
