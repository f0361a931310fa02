#pragma once

#include <cstdint>

#include "planner/serving/sextant/interval_annealing.h"
#include "planner/serving/sextant/search_limits.h"

namespace sextant {

/// The placement of most flow that is found: annealing over chains of stages from several random
/// starts, then over free intervals from the best of them. It depends on seed and effort alone
/// unless the limits end it. Flow 0 where nothing was found.
FlowPlacement search_flow(const SearchInstance& instance, std::uint64_t seed, double effort,
                          const SearchLimits& limits);

/// The seed of one of several independent parts of a search.
std::uint64_t part_seed(std::uint64_t seed, std::uint64_t phase, std::uint64_t part);

}  // namespace sextant
