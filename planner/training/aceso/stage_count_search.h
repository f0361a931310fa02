#pragma once

#include <cstdint>
#include <optional>

#include "planner/training/aceso/configuration.h"
#include "planner/training/search_budget.h"

namespace sextant::aceso_search {

struct StageCountResult {
  std::optional<Configuration> best;  ///< the fastest that fits in memory
  /// Of the configuration that needs least on its fullest GPU; nothing where none was evaluated.
  std::optional<double> least_memory_mb;
};

/// The search with `stages` stages, on a budget of its own, which counts the configurations that it
/// looks at; one answer for a seed.
StageCountResult search_stage_count(const Judge& judge, int stages, std::uint64_t seed,
                                    SearchBudget& budget);

}  // namespace sextant::aceso_search
