#pragma once

#include <optional>

#include "planner/training/planner.h"

namespace sextant {

/// Published planners know throughput and USD. What they answer to another objective; nothing to
/// one they know.
inline std::optional<SearchResult> refused_objective(const Job& job) {
  if (job.objective != Objective::kGpus) return std::nullopt;
  SearchResult nothing;
  nothing.infeasible_reason = "the published planner knows no objective gpus";
  return nothing;
}

}  // namespace sextant
