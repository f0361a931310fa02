#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "planner/training/diagnosis.h"

namespace sextant {

/// A plan that a search found, with what the judge says of it.
struct Proposed {
  Plan plan;
  Prediction prediction;
  bool complete = true;  ///< false: the search was stopped, there may be a better one
};

/// Asks a search for the best plans of problems that differ from one without any.
class PlanProbe {
 public:
  /// References must outlive this.
  PlanProbe(const PlanSearch& search, const Estimator& judge, const PlannerOptions& options)
      : search_(search), judge_(judge), options_(options) {
    options_.known_plans.clear();
  }

  /// The first proposal that fits; nothing where there is none, where the problem lacks a point or
  /// a link, or after an interruption.
  std::optional<Proposed> best(const TrainingProblem& problem) const;
  /// Whether there is a plan, rather than which is best: one that takes the least memory, of the
  /// smallest microbatches and as few replicas as they allow, found with a small budget.
  std::optional<Proposed> any(const TrainingProblem& problem) const;
  const Estimator& judge() const { return judge_; }

 private:
  PlannerOptions within(std::uint64_t evaluations) const;
  std::optional<Proposed> ask(const TrainingProblem& problem, const PlannerOptions& options) const;

  const PlanSearch& search_;
  const Estimator& judge_;
  PlannerOptions options_;
};

/// "3.1 % more than that", from twice on "2.5 times that".
std::string times_of(double ratio, std::string_view that);

/// Says of a problem without bounds how far the nearest plan is from fitting (stage, layers,
/// microbatch, tensor degree, GiB of GiB), and with how much more memory or how many more GPUs one
/// was found.
std::string why_no_memory(const PlanProbe& probe, const TrainingProblem& problem);

}  // namespace sextant
