#pragma once

#include <vector>

#include "analyzer/training/separable.h"
#include "planner/training/sextant/search_space.h"

namespace sextant::search {

/// A lower bound on what stages cost, for plans of the same settings and any grouping: GPUs of a
/// type are alike wherever they stand, and every message takes its sender's fastest link.
class Relaxation {
 public:
  struct Option {
    int type = 0;  ///< index into Grouping::types
    int tp = 1;
    double usd_per_s = 0;  ///< of one replica, in the cheapest zone
  };

  /// References must outlive it. `most_replicas` of a stage there may be.
  Relaxation(const SeparableCosts& costs, const Cluster& cluster,
             const std::vector<std::string>& types, int most_replicas);

  int layer_count() const { return layers_; }
  /// Sorted by type and degree.
  const std::vector<Option>& options() const { return options_; }
  /// -1 where there is no such option.
  int option_of(int type, int tp) const;

  double compute(int option, int first, int end) const {
    const auto& prefix = compute_prefix_s_[static_cast<std::size_t>(option)];
    return prefix[static_cast<std::size_t>(end)] - prefix[static_cast<std::size_t>(first)];
  }
  /// Turn of a stage that has others behind it, or of the last where `end` is the last layer.
  double turn(int option, int first, int end) const {
    return compute(option, first, end) + transfer_s(option, first, end);
  }
  double transfer_s(int option, int first, int end) const;
  /// As MemoryLimits::earliest_first().
  int earliest_first(int option, int end, int stages_behind) const {
    return earliest_first_[static_cast<std::size_t>((option * (layers_ + 1) + end) * layers_ +
                                                    stages_behind)];
  }

  /// Relative speed of one GPU of each type, and the work of layers [0, l) in seconds of a GPU of
  /// speed 1: no assignment of layers to GPUs does D microbatches of [0, l) in less than
  /// D * work_prefix_s[l] / sum of (GPUs * speed).
  std::vector<double> speed;
  std::vector<double> work_prefix_s;
  /// Least USD for one microbatch through layers [0, l).
  std::vector<double> least_usd_prefix;
  /// Least compute time of layers [0, l), one after the other.
  std::vector<double> least_compute_prefix_s;
  /// To send a gradient, unweighted.
  double least_backward_s = 0;

 private:
  void add_options(const Cluster& cluster, const std::vector<std::string>& types);
  void add_memory(int most_replicas);
  void add_work(int types);

  const SeparableCosts& costs_;
  int layers_;
  std::vector<Option> options_;
  std::vector<std::vector<int>> classes_;  ///< of each option
  std::vector<std::vector<double>> compute_prefix_s_;
  std::vector<double> least_forward_s_;   ///< by sending option, weighted as in the first place
  std::vector<double> middle_forward_s_;  ///< and in the middle
  std::vector<double> backward_s_;        ///< in the middle
  std::vector<double> last_backward_s_;
  std::vector<int> earliest_first_;
};

}  // namespace sextant::search
