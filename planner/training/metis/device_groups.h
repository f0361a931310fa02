#pragma once

// How Metis divides a sequence of GPUs among stages; private to this folder.

#include <functional>
#include <vector>

namespace sextant::metis_search {

/// Calls `visit` with the sizes, by stage, of every division of `gpus` GPUs into `stages` groups of
/// consecutive ones that the published search looks at, until it returns false; returns whether it
/// never did. Sizes are powers of two of at least half the mean. Where there are more than ten of
/// them, equal ones are tied in pairs, smallest first, until ten are left to be put in order.
/// Divisions come in lexicographic order of their sorted sizes, the orders of one from the largest
/// first to the smallest first: so a recorded tie was broken.
bool for_each_grouping(int gpus, int stages,
                       const std::function<bool(const std::vector<int>&)>& visit);

}  // namespace sextant::metis_search
