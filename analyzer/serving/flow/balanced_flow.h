#pragma once

#include <vector>

namespace sextant {

/// An edge of a graph through which a flow is to be balanced.
struct BalancedEdge {
  int from = 0;
  int to = 0;
  double capacity = 0;  ///< finite
  /// What the edge costs is flow^2 / (2 weight); infinite: nothing.
  double weight = 1;
};

/// Flow of each edge: of all maximum flows from `source` to `sink` the one of least cost, unique
/// where every cycle has an edge that costs something. It solves the convex program by a
/// primal-dual interior-point method (Mehrotra 1992) to a relative 1e-9, and is then made a maximum
/// flow to rounding.
std::vector<double> balanced_max_flow(int vertices, int source, int sink,
                                      const std::vector<BalancedEdge>& edges);

}  // namespace sextant
