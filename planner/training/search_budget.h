#pragma once

#include <chrono>
#include <cstdint>

#include "planner/training/planner.h"

namespace sextant {

/// What a search may spend: evaluations, seconds, and the time until a signal. Begins with its
/// making; one thread uses it.
class SearchBudget {
 public:
  /// `own_evaluations` where the options name no budget; 0 = as many as there are.
  explicit SearchBudget(const PlannerOptions& options, std::uint64_t own_evaluations = 0);

  void count(std::uint64_t evaluations = 1) { evaluations_ += evaluations; }
  std::uint64_t evaluations() const { return evaluations_; }
  /// Whether the search has to end before its next evaluation; once true, for ever.
  bool spent();
  /// Whether nothing ended it early: no spent() was true.
  bool complete() const { return !spent_; }
  double elapsed_s() const;

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  double time_limit_s_;
  std::uint64_t most_evaluations_;
  std::uint64_t evaluations_ = 0;
  bool spent_ = false;
};

}  // namespace sextant
