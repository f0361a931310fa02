#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "planner/training/planner.h"

namespace sextant {

struct ParetoOptions {
  /// Most points; at least 2. The more, the smaller the parts of the front that are passed over.
  int points = 12;
  /// Of each search; the time limit is that of all searches together, of which each gets a share.
  PlannerOptions planner;
  /// Called after each search with the number of points so far.
  std::function<void(std::size_t searches, std::size_t points)> progress;
};

/// A plan such that none is both faster and cheaper.
struct ParetoPoint {
  /// With the bounds of both questions: bound_iters_per_s of plans that cost no more,
  /// bound_usd_per_iter of plans that are no slower.
  PlannedJob planned;
  /// Whether those bounds meet the plan.
  bool proved = false;
};

struct ParetoFront {
  std::vector<ParetoPoint> points;  ///< fastest first, each cheaper than the one before
  std::size_t searches = 0;
  /// False where a limit or a signal ended the work before the front was as fine as asked.
  bool complete = true;
  /// Whether every search proved its answer the best, so that what follows is certain.
  bool proved = true;
  /// A plan that is not listed is at most this much faster than the fastest listed one that costs
  /// no more, and at most this much cheaper than the cheapest listed one that is no slower.
  double most_missed_iters_per_s = 0;
  double most_missed_usd_per_iter = 0;
};

/// The plans of which none is both faster and cheaper, in iterations/s and USD an iteration, within
/// the job's own bounds: the fastest, the cheapest, and between them where most is open (the box
/// algorithm of Hamacher, Pedersen and Ruzika, "Finding representative systems for discrete
/// bicriterion optimization problems", Operations Research Letters 35, 2007; each step is an
/// epsilon constraint: the fastest plan under a bound on USD, or the cheapest above one on
/// iterations/s). Every search begins with the plans found so far. Deterministic unless there is a
/// time limit.
///
/// Throws Error of plan_job's kind of failure where not even the fastest plan is found, and
/// Error(kBadInput) where a GPU has no price.
ParetoFront pareto_front(const Planner& planner, const TrainingProblem& problem,
                         const Estimator& judge, const ParetoOptions& options);

}  // namespace sextant
