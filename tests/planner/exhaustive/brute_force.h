#pragma once

#include <optional>
#include <vector>

#include "analyzer/plan/job.h"
#include "analyzer/plan/plan.h"
#include "analyzer/training/estimator.h"
#include "tests/planner/exhaustive/plan_space.h"

namespace sextant::exhaustive {

/// What counts of a plan.
struct Figures {
  double iteration_s = 0;
  double usd_per_iter = 0;
  int gpus = 0;
  bool fits = true;
};

/// Whether the plan of `a` is better for the objective; of plans with as many GPUs, the faster.
bool better(Objective objective, const Figures& a, const Figures& b);
/// Whether it keeps to the job's bounds.
bool meets(const Job& job, const Figures& figures);
Figures figures_of(const TrainingProblem& problem, const Estimator& judge, const Plan& plan);

/// Every plan of a space, judged. Asked once, it answers for every objective and bound.
class BruteForce {
 public:
  /// With `look_for_holes` plans are excluded of which a message takes no time (message_times.h).
  /// Plans that the judge refuses (a link or a point of the profile is missing) are left out.
  BruteForce(const TrainingProblem& problem, const Estimator& judge, const PlanSpace& space,
             bool look_for_holes);

  /// The best for the job's objective within its bounds; nothing where there is none.
  std::optional<Figures> best(const Job& job) const;
  /// Likewise, where GPUs had any memory, or messages might take no time.
  std::optional<Figures> best_in_any_memory(const Job& job) const;
  std::optional<Figures> best_through_holes(const Job& job) const;
  /// Of all that fit and have no hole.
  const std::vector<Figures>& plans() const { return plans_; }

 private:
  std::vector<Figures> plans_;
  std::vector<Figures> too_large_;
  std::vector<Figures> holed_;
};

}  // namespace sextant::exhaustive
