#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "planner/topology/bandwidth_problem.h"

namespace sextant {

/// Reads linear equations and inequalities in the bandwidths of `dimensions` dimensions, B0 the
/// innermost, in GB/s (1e9 bytes/s): "B0 = 500", "2*B0 - B1 >= 10", "B2 + B3 <= 200". A chain such
/// as "B0 >= B1 >= B2" is one constraint for each relation. Throws Error(kUsage) that names the
/// column, counted from 1, what was expected there and what was found.
std::vector<BandwidthConstraint> bandwidth_constraints_from(std::string_view text,
                                                            std::size_t dimensions);

}  // namespace sextant
