#pragma once

#include <cstdint>

#include "planner/serving/placement_planner.h"

namespace sextant {

/// Petals (Borzunov et al. 2023) as Helix's artifact has it: one machine after the other, in a
/// random order, takes as many layers as it can where the least throughput is.
PlacementResult place_petals(const PlacementProblem& problem, std::uint32_t seed = 0);

/// Swarm (Ryabinin et al. 2023) likewise: stages of (nearly) equal length, the best machine left to
/// the weakest stage. So many stages as given; 0: what the artifact has for models of 60 and 80
/// layers (10 and 20), and where the machines are too few or too small for those, as for other
/// models, the fewest that all machines can hold.
PlacementResult place_swarm(const PlacementProblem& problem, int stages = 0);

/// A pipeline for each machine type alone, its layers in nearly equal parts, the smaller first and
/// in the order of the machines; so are the artifact's layouts of single clusters, which were made
/// by hand. Types whose machines cannot hold the model even so are not used. With
/// `beyond_most_layers` machines may hold more than their type's most, as the artifact's do for 70B
/// (see separate_network).
PlacementResult place_separate(const PlacementProblem& problem, bool beyond_most_layers = false);

}  // namespace sextant
