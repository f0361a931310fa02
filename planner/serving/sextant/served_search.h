#pragma once

#include <cstdint>

#include "planner/serving/sextant/placement_search.h"
#include "planner/serving/sextant/search_instance.h"
#include "planner/serving/sextant/search_limits.h"

namespace sextant {

/// What a search for served requests found.
struct ServedPlacement {
  Placement placement;  ///< empty where none serves
  std::int64_t evaluations = 0;
  bool complete = true;
};

/// Chains of stages annealed by ServiceFormula, the best of them improved by the batch simulation
/// of service_estimate.h, the finalists judged by simulate_serving. It depends on seed and effort
/// alone unless the limits end it.
ServedPlacement search_served(const PlacementProblem& problem, const SearchInstance& instance,
                              const PlacementSearchOptions& options, const SearchLimits& limits);

}  // namespace sextant
