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
    nodes_[static_cast<std::size_t>(node)].waiting.set(now, requests, begin_, end_);
  }
  /// Its KV cache holds so much now, layer-tokens.
  void cached(int node, double now, double layer_tokens) {
    nodes_[static_cast<std::size_t>(node)].cached.set(now, layer_tokens, begin_, end_);
  }
  void batch(int node, double start, double end, int prompts, int decodes);
  void sending(int link, double start, double end) {
    link_busy_[static_cast<std::size_t>(link)] += overlap(start, end);
  }

  /// Fills in what was counted up to `now`.
  void finish(double now, const LinkStates& links, ServingSimulationResult& result);

 private:
  struct Node {
    WindowAverage waiting;
    WindowAverage cached;
    double busy = 0;
    double batches = 0;
    double requests = 0;
  };

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
