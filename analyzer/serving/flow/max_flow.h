#pragma once

#include <span>
#include <vector>

namespace sextant {

/// Maximum flow from one vertex of a directed graph to another, with real capacities. It keeps its
/// flow: after capacities have changed, solve() starts from what is left of it.
class MaxFlow {
 public:
  MaxFlow(int vertices, int source, int sink);

  /// Index of the new edge. capacity >= 0, finite or infinite.
  int add_edge(int from, int to, double capacity);
  /// Flow above a lower capacity is taken off the paths that lead through the edge.
  void set_capacity(int edge, double capacity);
  double capacity(int edge) const;

  /// The value of a maximum flow, to a relative 1e-12 of the largest finite capacity.
  double solve();
  /// Of the last solve().
  double flow(int edge) const;
  double value() const { return value_; }
  /// Whether each vertex is on the source's side of a minimum cut of the last solve().
  std::vector<bool> source_side() const;

 private:
  struct Arc {
    int to;
    double residual;
  };

  bool label();
  double push(int vertex, double limit);
  double send(int from, int to, double amount);

  int source_;
  int sink_;
  double value_ = 0;
  double largest_ = 0;
  std::vector<Arc> arcs_;  ///< edge e is arcs 2e and, backward, 2e + 1
  std::vector<double> capacity_;
  std::vector<std::vector<int>> out_;  ///< arcs by vertex
  std::vector<int> level_;
  std::vector<std::size_t> next_;
};

}  // namespace sextant
