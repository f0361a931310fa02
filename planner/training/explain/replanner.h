#pragma once

#include <chrono>
#include <optional>

#include "planner/training/explain/explanation.h"

namespace sextant {

/// Judges or plans changed problems again, within a budget.
class Replanner {
 public:
  /// References must outlive this. The clock of the time limit starts.
  Replanner(const PlannedJob& best, const TrainingProblem& problem, const PlannerOptions& options);

  /// The same plan under the changed problem; nothing where the judge knows no such plan or it no
  /// longer fits.
  std::optional<Change> judge_again(const TrainingProblem& changed, std::string what) const;
  /// The best plan of the changed problem that the planner finds, the same plan if it finds no
  /// better one; nothing where the budget is spent, which is counted.
  std::optional<Change> plan_again(const TrainingProblem& changed, std::string what);

  int planned_again() const { return planned_again_; }
  int left_out() const { return left_out_; }
  std::uint64_t evaluations() const { return evaluations_; }

 private:
  const PlannedJob& best_;
  const TrainingProblem& problem_;
  PlannerOptions options_;
  PlanFigures ours_;
  std::optional<std::chrono::steady_clock::time_point> deadline_;
  int planned_again_ = 0;
  int left_out_ = 0;
  std::uint64_t evaluations_ = 0;
};

}  // namespace sextant
