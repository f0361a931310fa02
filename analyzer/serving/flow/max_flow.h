#pragma once

#include <cstddef>
#include <limits>
#include <vector>

namespace sextant {

/// Maximum flow from one vertex of a directed graph to another, with real capacities (Dinic 1970).
/// It keeps its flow: after capacities have changed, solve() starts from what is left of it.
class MaxFlow {
 public:
  MaxFlow(int vertices, int source, int sink);

  /// Index of the new edge, counted from 0. capacity >= 0, finite or infinite.
  int add_edge(int from, int to, double capacity);
  /// Flow above a lower capacity is led around the edge where that is possible, and else taken off
  /// the paths that go through it.
  void set_capacity(int edge, double capacity);
  double capacity(int edge) const { return edges_[static_cast<std::size_t>(edge)].capacity; }

  /// The value of a maximum flow, exact but for the rounding of sums.
  double solve();
  double value() const { return value_; }
  /// Of the last solve(), or what set_capacity left of it.
  double flow(int edge) const { return edges_[static_cast<std::size_t>(edge)].flow; }
  /// Whether each vertex is on the source's side of a minimum cut of the last solve().
  std::vector<bool> source_side();

 private:
  static constexpr double kNoLimit = std::numeric_limits<double>::infinity();

  struct Edge {
    int from;
    int to;
    double capacity;
    double flow;
  };

  /// Arcs 2e and 2e + 1 are edge e forward and backward.
  double residual(int arc) const;
  int head(int arc) const;
  void add_flow(int arc, double amount);
  bool label(int from, int to);
  double push(int vertex, int to, double limit);
  double send(int from, int to, double limit);

  int source_;
  int sink_;
  double value_ = 0;
  std::vector<Edge> edges_;
  std::vector<std::vector<int>> arcs_;  ///< that leave each vertex
  std::vector<int> level_;
  std::vector<std::size_t> next_;
  std::vector<int> queue_;
};

}  // namespace sextant
