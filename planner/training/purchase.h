#pragma once

#include <optional>
#include <string>
#include <vector>

#include "planner/training/planner.h"

namespace sextant {

/// A run that is to be done in a time, for an amount of money, or both.
struct PurchaseQuestion {
  double tokens = 0;  ///< > 0, of the whole run
  std::optional<double> deadline_s;
  std::optional<double> budget_usd;  ///< of the whole run
  /// What a run with a deadline minimises: kCost or kGpus. Without one the run is the fastest that
  /// the budget pays.
  Objective fewest = Objective::kCost;
};

/// GPUs of one type in one zone for the whole run.
struct PurchasedGpus {
  std::string gpu;
  std::string zone;
  int count = 0;
  double usd_per_hour = 0;  ///< of one
  double usd = 0;           ///< of all, for the whole run
};

/// The answer: what to buy, and what the run takes.
struct Purchase {
  double iterations = 0;  ///< of the run, the last one perhaps in part
  /// What the question asks of an iteration; absent where it has no such bound.
  std::optional<double> least_iters_per_s;
  std::optional<double> most_usd_per_iter;
  Objective objective = Objective::kCost;  ///< what was minimised
  PlannedJob planned;
  bool proved = false;  ///< that no plan of the searched space is better
  std::vector<PurchasedGpus> gpus;
  double run_s = 0;
  double gpu_hours = 0;
  double compute_usd = 0;
  double egress_usd = 0;

  double usd() const { return compute_usd + egress_usd; }
};

/// The fewest or cheapest GPUs of the cluster, within its quotas, that do the run in time, or the
/// fastest that the budget pays; the job's own bounds hold beside these. Throws Error(kInfeasible)
/// that says how long the fastest run takes, or what the cheapest costs, and by how much that
/// misses; Error(kBadInput) where a GPU has no price or the sequence length is not known.
Purchase purchase(const Planner& planner, const TrainingProblem& problem, const Estimator& judge,
                  const PlannerOptions& options, const PurchaseQuestion& question);

}  // namespace sextant
