#pragma once

#include <span>
#include <string>
#include <vector>

#include "planner/topology/input/problem_input.h"
#include "planner/topology/shape/shape_search.h"
#include "planner/topology/simulated/simulated_division.h"

namespace sextant {

/// bandwidth_problem() for simulated steps on `simulated`, whose bandwidths are what is searched
/// for; the question's loop is the simulator's. Throws as bandwidth_problem(), and Error(kBadInput)
/// where the question is normalised.
SimulatedBandwidthProblem simulated_problem(const NetworkFile& network,
                                            std::span<const PlacedWorkload> workloads,
                                            const DivisionQuestion& question,
                                            const SimulatedNetwork& simulated);

/// The best networks of as many NPUs as `network` has, with its prices, for one workload. `tiers`
/// are innermost first; empty = those of the network. Throws Error(kBadInput) where prices or a
/// total are not known, or the question has constraints, which are about a network that is given.
ShapeProblem shape_problem(const NetworkFile& network, const PlacedWorkload& placed,
                           const DivisionQuestion& question, std::vector<ShapeTier> tiers = {});

}  // namespace sextant
