#pragma once

#include <cstdint>

#include "planner/serving/placement_planner.h"

namespace sextant {

/// Petals (Borzunov et al. 2023) as Helix's artifact has it: one machine after the other, in a
/// random order, takes as many layers as it can where the least throughput is.
PlacementResult place_petals(const PlacementProblem& problem, std::uint32_t seed = 0);
/// Swarm (Ryabinin et al. 2023) likewise: as many stages of equal length as given (0: what the
/// artifact has for models of 60 and 80 layers, and the fewest that all machines can hold of
/// others), the best machine left to the weakest stage.
PlacementResult place_swarm(const PlacementProblem& problem, int stages = 0);
/// A pipeline for each machine type alone, its layers in nearly equal parts; machines of a type
/// that cannot hold the model even so are not used.
PlacementResult place_separate(const PlacementProblem& problem);

}  // namespace sextant
