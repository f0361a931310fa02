#pragma once

#include <vector>

#include "planner/training/sextant/label.h"

namespace sextant::search {

/// What the search prunes with: lower bounds on the score of everything that a label can become,
/// for one replica count.
class CompletionBound {
 public:
  /// References must outlive this.
  CompletionBound(const StageTables& tables, const ReplicaCount& count, const Goal& goal);

  /// Whether there are GPUs for a stage of that option at all.
  bool possible(int option) const { return possible_[static_cast<std::size_t>(option)]; }
  /// Least compute time of layers [0, end), one after the other.
  double least_compute_s(int end) const {
    return least_compute_prefix_s_[static_cast<std::size_t>(end)];
  }

  /// No pipeline scores below this; infinity where there are too few GPUs.
  double of_all() const;

  /// Tightens of_label() by what no plan better than `incumbent` can do; to be called before it.
  void use_incumbent(double incumbent);
  /// What the label leaves of the resources, in GPUs of speed 1.
  double capacity_left(const Label& label) const;
  /// No completion of the label by stages for layers [0, label.first) scores below this.
  /// `capacity` is capacity_left() of it.
  double of_label(const Label& label, double capacity) const;

 private:
  const StageTables& tables_;
  ReplicaCount count_;
  Goal goal_;
  /// Options for which there are GPUs enough, and pure options that occur in one of them.
  std::vector<bool> possible_;
  std::vector<bool> occurs_;
  std::vector<double> least_compute_prefix_s_;
  /// By number of stages of a suffix: the least that the gradient of its front stage adds, and the
  /// least transfer of any stage before it.
  std::vector<double> least_front_s_;
  std::vector<double> least_transfer_s_;
  /// By number of stages behind and number of layers left: the work of those layers, in seconds of
  /// a GPU of speed 1, transfers of their stages included.
  std::vector<std::vector<double>> work_s_;
};

}  // namespace sextant::search
