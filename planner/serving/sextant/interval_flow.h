#pragma once

#include <vector>

#include "planner/serving/sextant/search_instance.h"

namespace sextant {

/// Flow of one placement after another, without allocating: the same as placement_flow without
/// partial inference, for searches that ask millions of times. Dinic's algorithm (1970) over the
/// links that a placement can use.
class IntervalFlow {
 public:
  explicit IntervalFlow(const SearchInstance& instance);

  /// Tokens per second. Intervals must be within what the machines hold.
  double flow(const Placement& placement);

 private:
  void start(int vertices);
  void add_edge(int from, int to, double capacity);
  bool label();
  double push(int vertex, double limit);

  const SearchInstance& instance_;
  std::vector<int> head_;  ///< first arc of each vertex
  std::vector<int> next_;  ///< arc after it
  std::vector<int> to_;
  std::vector<double> residual_;
  std::vector<int> level_;
  std::vector<int> current_;
  std::vector<int> queue_;
  std::vector<int> first_machine_;  ///< of those that begin at each layer
  std::vector<int> next_machine_;
};

}  // namespace sextant
