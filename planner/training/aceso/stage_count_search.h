#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

#include "planner/training/aceso/configuration.h"

namespace sextant::aceso_search {

/// When all searches are to stop.
struct Stop {
  std::optional<std::chrono::steady_clock::time_point> deadline;
  std::atomic<bool> stopped = false;

  /// Whether the time is over, or somebody asked for an end.
  bool reached();
};

struct StageCountResult {
  std::optional<Configuration> best;  ///< the fastest that fits in memory
  /// Of the configuration that needs least on its fullest GPU; nothing where none was evaluated.
  std::optional<double> least_memory_mb;
  std::uint64_t evaluations = 0;
  bool out_of_budget = false;
};

/// The search with `stages` stages. Looks at up to `budget` configurations; the same for the same
/// `seed`, unless it is stopped.
StageCountResult search_stage_count(const Judge& judge, int stages, std::uint64_t seed,
                                    std::uint64_t budget, Stop& stop);

}  // namespace sextant::aceso_search
