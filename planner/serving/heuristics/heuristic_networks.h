#pragma once

#include <cstdint>

#include "analyzer/serving/placement.h"
#include "planner/serving/placement_planner.h"

namespace sextant {

// Heuristics of Helix's artifact choose which links serve, too. No machine hands on to more than 24
// others. Flows are 0.

/// To machines that begin where this one ends, the slowest link first, then, likewise, to those
/// that can be entered in the middle.
ServedNetwork petals_network(const PlacementProblem& problem, const Placement& placement);

/// From every machine of a stage to those of the next, in an order that is drawn as random.sample
/// of CPython does.
ServedNetwork swarm_network(const PlacementProblem& problem, const Placement& placement,
                            std::uint32_t seed = 0);

/// Between machines of one type only. Where a machine holds more layers than its type's most it has
/// the room in its KV cache that the last two entries of the type extrapolate to, at least 0: each
/// layer's weights take the same memory. Of the artifact's hand-written figures for 70B (6 pairs of
/// type and layers) this gives that of 6 layers on a T4 in the single cluster; 20 on an A100 in the
/// geo cluster is it rounded up to whole blocks. The others are larger, and differ between the
/// clusters: no rule gives them.
ServedNetwork separate_network(const PlacementProblem& problem, const Placement& placement);

/// The capacity of separate_network, in tokens times layers.
double extrapolated_kv_layer_tokens(const MachineType& type, int layers);

}  // namespace sextant
