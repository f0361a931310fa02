#pragma once

// What a shape search chooses from; private to planner/topology/shape.

#include <cstddef>
#include <vector>

#include "planner/topology/shape/shape_search.h"

namespace sextant::shapes {

/// Networks of the same sizes: every tier choice goes with every mapping.
struct SizedNetworks {
  std::vector<int> sizes;
  std::vector<std::vector<std::size_t>> tiers;    ///< choices, each by dimension
  std::vector<std::vector<GroupShape>> mappings;  ///< each by group
};

/// Of an NPU in a dimension of the tier; infinite where nothing limits it.
double most_bytes_per_s(const ShapeTier& tier);

/// All of them by number of dimensions, then sizes, tiers and mappings in lexicographic order.
/// Throws as search_shape() does of infeasible limits and of too many shapes.
std::vector<SizedNetworks> shape_space(const ShapeProblem& problem, int npus);

}  // namespace sextant::shapes
