#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "planner/training/planner.h"

namespace sextant {

/// What counts of a plan.
struct PlanFigures {
  double iters_per_s = 0;
  double usd_per_iter = 0;
  int gpus = 0;
};
PlanFigures figures_of(const Plan& plan, const Prediction& prediction);

/// How much better `other` is than `base` by the objective, as a part of `base`: more iterations a
/// second, less USD, fewer GPUs (with as many: more iterations a second). Negative: worse.
double gain(Objective objective, const PlanFigures& base, const PlanFigures& other);

/// Something that the plan fills, waits for or leaves.
struct Binding {
  std::string kind;  ///< "time", "stage", "memory", "gpus" or "bound"
  std::string text;  ///< for people
  /// Of the iteration, of the slowest stage's pace above the average, of memory, of all GPUs in
  /// use, of what the bound allows.
  double share = 0;
};

/// What follows where one thing is different.
struct Change {
  std::string what;         ///< "10 % more memory on V100-16"
  bool same_plan = false;   ///< judged again; else planned again, beginning with the plan
  PlanFigures figures;      ///< with the change
  double gain = 0;          ///< see gain(); of planned ones never negative
  std::string plan_change;  ///< of the plan that was found against ours; "" = none
  /// Planned again: no better plan of the searched space exists. Else the gain is what was found.
  bool proved = false;
  // One more node:
  std::string gpu;  ///< "" = no node
  std::string zone;
  int gpus = 0;             ///< of the node
  double usd_per_hour = 0;  ///< of the node
};

/// By how much a part of the time or cost of another plan exceeds ours.
struct PartDifference {
  std::string part;
  double more = 0;
  std::string unit;  ///< "s", "usd" or "gpus"
};

/// A plan that came close.
struct Rival {
  std::string what;  ///< its shape, or how it differs from ours
  PlanFigures figures;
  double gain = 0;  ///< against ours; nearly always negative
  /// Largest first; those that count at all.
  std::vector<PartDifference> parts;
  std::string impossible;  ///< why it cannot be; "" = it can
};

/// Why a plan is as it is.
struct Explanation {
  Objective objective = Objective::kThroughput;
  PlanFigures figures;  ///< of the plan
  /// The change that helps most, for people; "" where none helps.
  std::string most;
  std::vector<Binding> binds;
  std::vector<Change> changes;  ///< largest gain first
  std::vector<Change> nodes;    ///< one more node of each pool, in the cluster's order
  std::vector<Rival> rivals;    ///< least loss first, impossible ones last
  int planned_again = 0;
  int left_out = 0;  ///< changes for which there was no time, or an interruption came
  std::uint64_t evaluations = 0;
};

/// Explains a feasible answer of plan_job to that problem. Everything it says is judged by the
/// answer's estimator; what is planned again is by the answer's planner, each time with at most
/// max_evaluations of `options`, and all together in its time limit.
Explanation explain(const PlannedJob& best, const TrainingProblem& problem,
                    const PlannerOptions& options);

}  // namespace sextant
