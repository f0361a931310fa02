#pragma once

#include <vector>

#include "planner/training/dtfm/placement.h"

namespace sextant::dtfm {

/// A bipartite matching of the members of two partitions, one to one, in which the slowest pair is
/// as fast as it can be; seconds a byte of that pair. Devices of a pool differ only in their node,
/// and a pair of one node can stand in for any other pair of that pool, so that a flow between
/// pools decides.
double bottleneck(const Devices& devices, const Census& from, const Census& to);

/// Members of `to`, a permutation, each beside the member of `from` that it is matched with: of the
/// matchings with that slowest pair one with the least sum of times.
std::vector<int> matched(const Devices& devices, const std::vector<int>& from,
                         const std::vector<int>& to);

}  // namespace sextant::dtfm
