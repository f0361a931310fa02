#include "planner/training/search_budget.h"

#include <limits>

#include "analyzer/core/interrupt.h"

namespace sextant {

SearchBudget::SearchBudget(const PlannerOptions& options, std::uint64_t own_evaluations)
    : time_limit_s_(options.time_limit_s.value_or(std::numeric_limits<double>::infinity())),
      most_evaluations_(options.max_evaluations != 0 ? options.max_evaluations : own_evaluations) {
  if (most_evaluations_ == 0) most_evaluations_ = std::numeric_limits<std::uint64_t>::max();
}

bool SearchBudget::spent() {
  spent_ =
      spent_ || evaluations_ >= most_evaluations_ || interrupted() || elapsed_s() >= time_limit_s_;
  return spent_;
}

double SearchBudget::elapsed_s() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

}  // namespace sextant
