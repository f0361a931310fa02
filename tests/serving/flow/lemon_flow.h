#pragma once

#include <vector>

namespace sextant::testing {

struct CapacityEdge {
  int from = 0;
  int to = 0;
  double capacity = 0;
};

/// Value of a maximum flow by LEMON's preflow-push algorithm.
double lemon_preflow(int vertices, int source, int sink, const std::vector<CapacityEdge>& edges);
/// The same by its algorithm of Edmonds and Karp.
double lemon_edmonds_karp(int vertices, int source, int sink,
                          const std::vector<CapacityEdge>& edges);

}  // namespace sextant::testing
