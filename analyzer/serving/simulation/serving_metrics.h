#pragma once

#include <vector>

#include "analyzer/serving/simulation/link_state.h"
#include "analyzer/serving/simulation/request_pool.h"
#include "analyzer/serving/simulation/serving_simulation.h"

namespace sextant {

/// A value over a window of time.
class WindowAverage {
 public:
  void set(double now, double value, double begin, double end) {
    const double from = last_ < begin ? begin : last_;
    const double to = now > end ? end : now;
    if (to > from) {
      integral_ += value_ * (to - from);
      if (value_ > peak_) peak_ = value_;
    }
    last_ = now;
    value_ = value;
  }
  double integral() const { return integral_; }
  double peak() const { return peak_; }
  double value() const { return value_; }

 private:
  double value_ = 0;
  double last_ = 0;
  double integral_ = 0;
  double peak_ = 0;
};

/// Means of a value over slices of equal length from a moment on, as many as time goes by.
class SlicedAverage {
 public:
  SlicedAverage(double from, double slice) : slice_(slice), from_(from), last_(from) {}

  void set(double now, double value) {
    // Of the slices that end by now, and then of the last one a part.
    while (from_ + slice_ <= now) {
      sums_.push_back(sum_ + value_ * (from_ + slice_ - last_));
      sum_ = 0;
      from_ = last_ = from_ + slice_;
    }
    if (now > last_) sum_ += value_ * (now - last_);
    if (now > last_) last_ = now;
    value_ = value;
  }
  /// Of the slices that have ended.
  std::size_t slices() const { return sums_.size(); }
  double mean(std::size_t slice) const { return sums_[slice] / slice_; }

 private:
  double slice_;
  double from_;  ///< of the slice that is under way
  double last_;
  double value_ = 0;
  double sum_ = 0;
  std::vector<double> sums_;
};

/// What is counted while requests are served, all within a window of time.
class ServingMetrics {
 public:
  ServingMetrics(const ServedNetwork& network, const ServingSimulationOptions& options,
                 double load_s);

  double begin() const { return begin_; }
  double end() const { return end_; }

  /// An iteration of a request has come back to the coordinator.
  void delivered(const ActiveRequest& request, double now);
  /// So many requests wait at a node now.
  void waiting(int node, double now, int requests) {
    Node& at = nodes_[static_cast<std::size_t>(node)];
    at.waiting.set(now, requests, begin_, end_);
    if (options_.keep_timeline) at.waiting_history.set(now, requests);
  }
  /// Its KV cache holds so much now, layer-tokens.
  void cached(int node, double now, double layer_tokens) {
    Node& at = nodes_[static_cast<std::size_t>(node)];
    at.cached.set(now, layer_tokens, begin_, end_);
    if (options_.keep_timeline) at.cached_history.set(now, layer_tokens);
  }
  void batch(int node, double start, double end, int prompts, int decodes);
  void sending(int link, double start, double end) {
    link_busy_[static_cast<std::size_t>(link)] += overlap(start, end);
  }

  /// Fills in what was counted up to `now`.
  void finish(double now, const LinkStates& links, ServingSimulationResult& result);

 private:
  struct Node {
    Node(double from, double slice) : waiting_history(from, slice), cached_history(from, slice) {}

    WindowAverage waiting;
    WindowAverage cached;
    SlicedAverage waiting_history;
    SlicedAverage cached_history;
    double busy = 0;
    double batches = 0;
    double requests = 0;
  };

  /// A timeline has so many samples of a node within warm-up and window.
  static constexpr int kSamples = 400;
  double slice_s() const { return (end_ - load_s_) / kSamples; }
  void add_samples(double now, ServingSimulationResult& result);

  double overlap(double start, double end) const {
    const double from = start < begin_ ? begin_ : start;
    const double to = end > end_ ? end_ : end;
    return to > from ? to - from : 0;
  }

  const ServedNetwork& network_;
  const ServingSimulationOptions& options_;
  double load_s_;
  double begin_;
  double end_;
  std::vector<Node> nodes_;
  std::vector<double> link_busy_;
  std::vector<double> prompt_s_;
  std::vector<double> decode_s_;
  std::vector<ServedBatch> batches_;
  std::int64_t decodes_ = 0;
};

}  // namespace sextant
