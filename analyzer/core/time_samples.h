#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "analyzer/core/json_document.h"

namespace sextant {

/// What repeated timings of one thing came to, seconds.
struct TimeSummary {
  double median_s = 0;
  double p10_s = 0;
  double p90_s = 0;
  int samples = 0;  ///< 0: only the median is known, and the spread is not
  double rel_stdev = 0;
};

/// How long was measured, and why it ended.
struct StoppingRule {
  double max_rel_stdev = 0.005;  ///< of the samples
  int min_samples = 10;
  double time_limit_s = 15;
  std::string unmet;  ///< the criterion that was not met when time was over; "" = all were
};

/// Median (of an even number: the mean of the middle two), 10th and 90th percentile (linear between
/// samples), number, and standard deviation over mean of `samples`, which are not empty.
TimeSummary summarize(std::vector<double> samples);

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

/// Without samples only the median is known, and nothing else is written.
OrderedJson time_json(const TimeSummary& phase);
/// The median must be positive unless it `may_be_zero`, and stand between the percentiles.
TimeSummary read_time(const JsonNode& node, bool may_be_zero, bool lenient);

OrderedJson stopping_json(const StoppingRule& rule);
StoppingRule read_stopping(const JsonNode& node, bool lenient);

}  // namespace sextant
