#pragma once

// Where parallel groups can lie; private to planner/topology/shape.

#include <span>
#include <vector>

#include "planner/topology/shape/shape_search.h"

namespace sextant::shapes {

/// All placements of groups on dimensions of these sizes, each by group, in lexicographic order and
/// without repetition; beyond `most`, only so many and one. Empty where the groups do not fit.
std::vector<std::vector<GroupShape>> mappings(std::span<const int> sizes,
                                              std::span<const ParallelGroup> groups,
                                              GroupPlacement placement, std::size_t most);

}  // namespace sextant::shapes
