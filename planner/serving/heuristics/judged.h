#pragma once

#include "planner/serving/placement_planner.h"

namespace sextant {

/// The result of a heuristic that made one placement: its flow, and how far it is from the bound.
PlacementResult judged_placement(const PlacementProblem& problem, Placement placement);
/// None, and why.
PlacementResult no_placement(const PlacementProblem& problem, std::string reason);

}  // namespace sextant
