#pragma once

#include <functional>
#include <map>
#include <utility>
#include <vector>

namespace sextant::profiler {

/// Weights' gradients that a backward leaves for later (zero-bubble schedules, Qi et al. 2023): the
/// backward then computes what the previous stage waits for, and each product's weight gradient,
/// with what it needs, is kept until its time has come. Norms and tables, whose gradients come with
/// the input's, are not put off.
class WeightGradients {
 public:
  using Work = std::function<void()>;

  /// What is put off from now on belongs to `key`. Not while a backward runs.
  void put_off_for(std::pair<int, int> key) { key_ = key; }
  /// Called in backward, perhaps by a thread of autograd.
  void put_off(Work work) { later_[key_].push_back(std::move(work)); }
  /// Does what was put off for `key`, in the order of the backward.
  void compute(std::pair<int, int> key);

 private:
  std::pair<int, int> key_;
  std::map<std::pair<int, int>, std::vector<Work>> later_;
};

}  // namespace sextant::profiler
