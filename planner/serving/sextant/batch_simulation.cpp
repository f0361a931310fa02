#include "planner/serving/sextant/batch_simulation.h"

#include <algorithm>

namespace sextant {
namespace {

constexpr double kIssueGap = 0.1;

double quantile(std::vector<float>& samples, double share) {
  if (samples.empty()) return 0;
  const auto place = static_cast<std::ptrdiff_t>(static_cast<double>(samples.size()) * share);
  std::nth_element(samples.begin(), samples.begin() + place, samples.end());
  return static_cast<double>(samples[static_cast<std::size_t>(place)]);
}

}  // namespace

void BatchSimulation::schedule(double time_s, EventKind kind, int index) {
  events_.push({time_s, order_++, kind, index});
}

int BatchSimulation::add_request(const RequestLength& length) {
  if (free_requests_.empty()) {
    free_requests_.push_back(static_cast<int>(requests_.size()));
    requests_.emplace_back();
  }
  const int index = free_requests_.back();
  free_requests_.pop_back();
  Request& request = requests_[at(index)];
  request.length = length;
  request.decoded = -1;
  request.hop = 0;
  request.expected_tokens = static_cast<int>(length.input_tokens + expected_output_);
  request.way.clear();
  return index;
}

double BatchSimulation::fullest_kv_share() const {
  std::vector<double> expected(layer_capacity_.size(), 0);
  for (std::size_t i = 0; i + 1 < nodes_.size(); ++i) {
    const LayerInterval& held = network_.nodes[i].layers;
    for (int layer = held.first; layer < held.end; ++layer) {
      expected[at(layer)] += nodes_[i].kv_expected;
    }
  }
  double fullest = 0;
  for (std::size_t layer = 0; layer < expected.size(); ++layer) {
    fullest = std::max(fullest, expected[layer] / layer_capacity_[layer]);
  }
  return fullest;
}

void BatchSimulation::feed(double time_s) {
  if (fullest_kv_share() > fullest_kv_share_) return;
  const int request = add_request((*lengths_)[random_.below(lengths_->size())]);
  schedule(time_s + kIssueGap, EventKind::kIssue, request);
}

void BatchSimulation::run_until(double end_s) {
  while (!events_.empty() && events_.top().time_s < end_s && !failed_) {
    const Event event = events_.top();
    events_.pop();
    switch (event.kind) {
      case EventKind::kIssue: {
        Request& request = requests_[at(event.index)];
        request.issued_s = event.time_s;
        if (find_way(request)) {
          send(event.index, event.time_s);
        } else {
          free_requests_.push_back(event.index);
          ++dropped_;
          failed_ = !closed_;
        }
        break;
      }
      case EventKind::kWake: {
        Node& node = nodes_[at(event.index)];
        if (!node.busy && event.time_s == node.wake_s) start_batch(event.index, event.time_s);
        break;
      }
      case EventKind::kBatchDone:
        finish_batch(event.index, event.time_s);
        break;
      case EventKind::kStepDone:
        finish_step(event.index, event.time_s);
        break;
    }
  }
}

ServiceEstimate BatchSimulation::summary(double start_s, double end_s) {
  ServiceEstimate estimate;
  estimate.served = !failed_;
  estimate.dropped = dropped_;
  estimate.decode_tokens_per_s = static_cast<double>(decoded_) / (end_s - start_s);
  estimate.prompt_p50_s = quantile(prompt_latency_s_, 0.5);
  estimate.prompt_p95_s = quantile(prompt_latency_s_, 0.95);
  estimate.decode_p50_s = quantile(decode_latency_s_, 0.5);
  estimate.decode_p95_s = quantile(decode_latency_s_, 0.95);
  return estimate;
}

ServiceEstimate BatchSimulation::run_closed_loop(const std::vector<RequestLength>& lengths,
                                                 std::uint64_t seed,
                                                 const ClosedLoopEstimate& options) {
  closed_ = true;
  lengths_ = &lengths;
  random_ = Random(seed);
  fullest_kv_share_ = options.fullest_kv_share;
  count_from_s_ = options.warm_up_s;
  count_until_s_ = options.warm_up_s + options.duration_s;
  for (int i = 0; i < options.initial_requests; ++i) {
    schedule(i * kIssueGap, EventKind::kIssue, add_request(lengths[random_.below(lengths.size())]));
  }
  run_until(count_until_s_);
  return summary(count_from_s_, count_until_s_);
}

ServiceEstimate BatchSimulation::run_offered(const RequestTrace& trace) {
  if (trace.empty()) return {};
  count_until_s_ = trace.back().arrival_s;
  // Requests are kept until the end, so that their indices are those of the trace.
  for (const TracedRequest& traced : trace) {
    schedule(traced.arrival_s, EventKind::kIssue, add_request(traced.length));
  }
  run_until(kNever);
  return summary(0, count_until_s_);
}

ServiceEstimate estimate_closed_loop(const ServedNetwork& network,
                                     const std::vector<RequestLength>& lengths, std::uint64_t seed,
                                     const ClosedLoopEstimate& options) {
  return BatchSimulation(network, options.kv_high_water, options.expected_output_share)
      .run_closed_loop(lengths, seed, options);
}

ServiceEstimate estimate_offered(const ServedNetwork& network, const RequestTrace& trace,
                                 const OfferedEstimate& options) {
  return BatchSimulation(network, options.kv_high_water, options.expected_output_share)
      .run_offered(trace);
}

}  // namespace sextant
