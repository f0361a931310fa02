#include "analyzer/serving/simulation/serving_metrics.h"

#include <algorithm>

namespace sextant {

ServingMetrics::ServingMetrics(const ServedNetwork& network,
                               const ServingSimulationOptions& options, double load_s)
    : network_(network),
      options_(options),
      load_s_(load_s),
      begin_(load_s + options.warm_up_s),
      end_(begin_ + options.duration_s),
      nodes_(network.nodes.size(), Node(load_s, (end_ - load_s) / kSamples)),
      link_busy_(network.links.size(), 0) {}

void ServingMetrics::delivered(const ActiveRequest& request, double now) {
  if (now < begin_ || now > end_) return;
  if (!request.prompt()) ++decodes_;
  if (options_.keep_samples) {
    (request.prompt() ? prompt_s_ : decode_s_).push_back(now - request.issued_s);
  }
}

void ServingMetrics::batch(int node, double start, double end, int prompts, int decodes) {
  Node& at = nodes_[static_cast<std::size_t>(node)];
  at.busy += overlap(start, end);
  if (start >= begin_ && start <= end_) {
    at.batches += 1;
    at.requests += prompts + decodes;
  }
  if (options_.keep_timeline) {
    batches_.push_back({node, start - load_s_, end - load_s_, prompts, decodes});
  }
}

void ServingMetrics::add_samples(double now, ServingSimulationResult& result) {
  // One slice more, so that the one under way ends too.
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    Node& node = nodes_[i];
    node.waiting_history.set(now + slice_s(), 0);
    node.cached_history.set(now + slice_s(), 0);
    const double capacity = network_.nodes[i].kv_capacity_layer_tokens;
    for (std::size_t k = 0; k < node.waiting_history.slices(); ++k) {
      const double cached = node.cached_history.mean(k);
      result.samples.push_back({static_cast<int>(i), static_cast<double>(k) * slice_s(),
                                node.waiting_history.mean(k),
                                capacity > 0 ? cached / capacity : 0});
    }
  }
}

void ServingMetrics::finish(double now, const LinkStates& links, ServingSimulationResult& result) {
  const double window = options_.duration_s;
  const auto share = [](double part, double whole) { return whole > 0 ? part / whole : 0; };
  result.load_s = load_s_;
  result.decode_tokens_per_s = static_cast<double>(decodes_) / window;
  std::sort(prompt_s_.begin(), prompt_s_.end());
  std::sort(decode_s_.begin(), decode_s_.end());
  result.prompt_latency_s = std::move(prompt_s_);
  result.decode_latency_s = std::move(decode_s_);
  result.batches = std::move(batches_);
  if (options_.keep_timeline) add_samples(now, result);
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    Node& node = nodes_[i];
    const ServedNode& served = network_.nodes[i];
    node.waiting.set(now, 0, begin_, end_);
    node.cached.set(now, 0, begin_, end_);
    ServedNodeLoad load;
    load.busy_share = node.busy / window;
    load.mean_queue = node.waiting.integral() / window;
    load.peak_queue = node.waiting.peak();
    load.mean_kv_share = share(node.cached.integral() / window, served.kv_capacity_layer_tokens);
    load.peak_kv_share = share(node.cached.peak(), served.kv_capacity_layer_tokens);
    load.mean_batch = share(node.requests, node.batches);
    const int n = static_cast<int>(i);
    load.peak_nic_in_share = share(links.peak_in(n), links.nic_in(n));
    load.peak_nic_out_share = share(links.peak_out(n), links.nic_out(n));
    result.nodes.push_back(load);
  }
  for (int link = 0; link < links.size(); ++link) {
    result.link_busy_share.push_back(link_busy_[static_cast<std::size_t>(link)] / window);
    result.link_peak_share.push_back(share(links[link].peak, links[link].bytes_per_s));
  }
}

}  // namespace sextant
