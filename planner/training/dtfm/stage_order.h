#pragma once

#include <vector>

namespace sextant::dtfm {

struct StageOrder {
  std::vector<int> order;  ///< partitions, first stage first
  double length = 0;       ///< sum over neighbours
};

/// The shortest way that visits each of `count` partitions once, wherever it begins and ends;
/// lengths[a * count + b] is from a to b. Exact up to kMostExact partitions (Held and Karp's
/// table), or where every step can be the shortest there is; beyond it the nearest each time,
/// from the best beginning.
StageOrder shortest_order(const std::vector<double>& lengths, int count);

inline constexpr int kMostExact = 14;

}  // namespace sextant::dtfm
