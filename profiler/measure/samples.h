#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "analyzer/profile/profile_point.h"

namespace sextant::profiler {

/// Median (of an even number: the mean of the middle two), 10th and 90th percentile (linear between
/// samples), number, and standard deviation over mean of `samples`, which are not empty.
PhaseTime phase_time(std::vector<double> samples);

/// When to stop measuring, much as nvbench decides: not before `min_samples`; then as soon as the
/// samples' relative standard deviation is at most `max_rel_stdev`, or has settled above it, so
/// that more samples would tell the same; at the latest when the time limit is over.
class StoppingCriterion {
 public:
  explicit StoppingCriterion(const StoppingRule& rule);

  void add(double sample_s);
  bool done() const;
  /// The rule, with what was not met of it.
  StoppingRule verdict() const;
  int samples() const { return count_; }

 private:
  double rel_stdev() const { return history_.empty() ? 0 : history_.back(); }
  bool has_settled() const;
  double elapsed_s() const;

  StoppingRule rule_;
  std::chrono::steady_clock::time_point start_;
  // Welford's running moments: two passes over growing samples would be quadratic.
  int count_ = 0;
  double mean_ = 0;
  double squares_ = 0;
  std::vector<double> history_;  ///< the relative standard deviation after each sample
};

}  // namespace sextant::profiler
