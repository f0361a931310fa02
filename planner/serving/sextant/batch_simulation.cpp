#include "planner/serving/sextant/batch_simulation.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace sextant {
namespace {

/// Links with less than this share of what leaves a node are not used.
constexpr double kLeastFlowShare = 0.05;
constexpr double kIssueGap = 0.1;
/// Seconds per byte that goes from the host to a GPU, through a staging buffer.
constexpr double kCopySecondsPerByte = 1 / 4e9 + 1 / 5e9;
constexpr double kNever = std::numeric_limits<double>::infinity();

std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}

double quantile(std::vector<float>& samples, double share) {
  if (samples.empty()) return 0;
  const auto place = static_cast<std::ptrdiff_t>(static_cast<double>(samples.size()) * share);
  std::nth_element(samples.begin(), samples.begin() + place, samples.end());
  return static_cast<double>(samples[static_cast<std::size_t>(place)]);
}

}  // namespace

BatchSimulation::BatchSimulation(const ServedNetwork& network, double kv_high_water,
                                 double expected_output_share)
    : network_(network),
      kv_high_water_(kv_high_water),
      expected_output_(kTypicalOutputTokens * expected_output_share),
      nodes_(network.nodes.size() + 1),
      layer_capacity_(static_cast<std::size_t>(network.profiles.model.layers), 0) {
  for (std::size_t i = 0; i < network.nodes.size(); ++i) {
    const ServedNode& served = network.nodes[i];
    Node& node = nodes_[i];
    node.layers = served.layers.layers();
    node.kv_capacity = served.kv_capacity_layer_tokens / node.layers;
    node.wake_s = kNever;
    for (int layer = served.layers.first; layer < served.layers.end; ++layer) {
      layer_capacity_[at(layer)] += node.kv_capacity;
    }
  }
  set_bandwidths(network);
}

/// A link's share of the NICs at its ends is its share of the flow there.
void BatchSimulation::set_bandwidths(const ServedNetwork& network) {
  const ServedModel& model = network.profiles.model;
  std::vector<double> in_flow(nodes_.size(), 0);
  std::vector<double> out_flow(nodes_.size(), 0);
  const auto index = [&](int node) { return node == kCoordinator ? nodes_.size() - 1 : at(node); };
  for (const ServedLink& link : network.links) {
    out_flow[index(link.from)] += link.flow_tokens_per_s;
    in_flow[index(link.to)] += link.flow_tokens_per_s;
  }
  for (const ServedLink& link : network.links) {
    const std::size_t from = index(link.from);
    const std::size_t to = index(link.to);
    const bool outer = link.from == kCoordinator || link.to == kCoordinator;
    const double out_nic = link.from == kCoordinator ? network.coordinator_out_bytes_per_s
                                                     : network.nodes[from].nic_out_bytes_per_s;
    const double in_nic = link.to == kCoordinator ? network.coordinator_in_bytes_per_s
                                                  : network.nodes[to].nic_in_bytes_per_s;
    const double flow = link.flow_tokens_per_s;
    const double bytes_per_s = flow <= 0
                                   ? 0
                                   : std::min({link.bytes_per_s, out_nic * flow / out_flow[from],
                                               in_nic * flow / in_flow[to]});
    const double bytes = model.token_bytes + (outer ? 0 : model.activation_bytes);
    if (flow > 0 && flow >= kLeastFlowShare * out_flow[from] && bytes_per_s > 0) {
      nodes_[from].out.push_back(static_cast<int>(links_.size()));
      nodes_[from].out_load.push_back(0);
    }
    links_.push_back(
        {static_cast<int>(to), flow, link.latency_s, bytes_per_s > 0 ? bytes / bytes_per_s : 0, 0});
  }
}

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

/// By interleaved weighted round robin, past machines whose KV cache is spoken for.
bool BatchSimulation::find_way(Request& request) {
  const int last = static_cast<int>(nodes_.size()) - 1;
  const double tokens = request.length.input_tokens;
  int node = last;
  do {
    Node& from = nodes_[at(node)];
    double least = kNever;
    std::size_t best = 0;
    for (std::size_t l = 0; l < from.out.size(); ++l) {
      const Link& link = links_[at(from.out[l])];
      const double load = from.out_load[l] + tokens / link.flow;
      if (load >= least) continue;
      if (link.to != last) {
        const Node& to = nodes_[at(link.to)];
        if (to.kv_capacity - to.kv_expected - request.expected_tokens <
            (1 - kv_high_water_) * to.kv_capacity) {
          continue;
        }
      }
      least = load;
      best = l;
    }
    if (least == kNever) {
      // The loads of the way so far are taken back.
      node = last;
      for (const int way : request.way) {
        Node& passed = nodes_[at(node)];
        const auto place = std::find(passed.out.begin(), passed.out.end(), way);
        passed.out_load[static_cast<std::size_t>(place - passed.out.begin())] -=
            tokens / links_[at(way)].flow;
        node = links_[at(way)].to;
      }
      return false;
    }
    from.out_load[best] = least;
    request.way.push_back(from.out[best]);
    node = links_[at(from.out[best])].to;
  } while (node != last);
  for (const int way : request.way) {
    if (links_[at(way)].to != last) {
      nodes_[at(links_[at(way)].to)].kv_expected += request.expected_tokens;
    }
  }
  return true;
}

void BatchSimulation::charge_decode(const Request& request) {
  int node = static_cast<int>(nodes_.size()) - 1;
  for (const int way : request.way) {
    Node& from = nodes_[at(node)];
    if (from.out.size() > 1) {
      const auto place = std::find(from.out.begin(), from.out.end(), way);
      from.out_load[static_cast<std::size_t>(place - from.out.begin())] += 1 / links_[at(way)].flow;
    }
    node = links_[at(way)].to;
  }
}

/// Over the next link of its way.
void BatchSimulation::send(int index, double time_s) {
  Request& request = requests_[at(index)];
  Link& link = links_[at(request.way[at(request.hop++)])];
  const double tokens = request.decoded < 0 ? request.length.input_tokens : 1;
  // What goes to and from the coordinator is small: its messages are not queued.
  double sent_s = time_s + tokens * link.s_per_token;
  if (request.hop > 1 && at(request.hop) < request.way.size()) {
    sent_s = std::max(time_s, link.free_s) + tokens * link.s_per_token;
    link.free_s = sent_s;
  }
  const double arrival_s = sent_s + link.latency_s;
  if (at(request.hop) == request.way.size()) {
    const bool ends = request.decoded < 0 || request.decoded + 1 >= request.length.output_tokens;
    if (ends) {
      schedule(arrival_s, EventKind::kStepDone, index);
    } else {
      finish_step(index, arrival_s);
    }
    return;
  }
  Node& to = nodes_[at(link.to)];
  to.arriving.push_back({arrival_s, index});
  if (!to.busy && arrival_s < to.wake_s) {
    to.wake_s = arrival_s;
    schedule(arrival_s, EventKind::kWake, link.to);
  }
}

void BatchSimulation::start_batch(int index, double time_s) {
  Node& node = nodes_[at(index)];
  const ServedNode& served = network_.nodes[at(index)];
  const MachineType& type = network_.profiles.types[at(served.type)];
  double copied_tokens = 0;
  double next_s = kNever;
  std::size_t left = 0;
  const std::size_t first_new = node.prompts.size();
  for (const Waiting& waiting : node.arriving) {
    if (waiting.arrival_s > time_s) {
      next_s = std::min(next_s, waiting.arrival_s);
      node.arriving[left++] = waiting;
      continue;
    }
    const Request& request = requests_[at(waiting.request)];
    if (request.decoded < 0) {
      copied_tokens += request.length.input_tokens;
      node.prompts.push_back(waiting.request);
    } else {
      copied_tokens += 1;
      node.decodes.push_back(waiting.request);
    }
  }
  node.arriving.resize(left);
  // Those that were issued first mostly came first.
  std::sort(node.prompts.begin() + static_cast<std::ptrdiff_t>(first_new), node.prompts.end(),
            [&](int a, int b) {
              const double x = requests_[at(a)].issued_s;
              const double y = requests_[at(b)].issued_s;
              return x != y ? x < y : a < b;
            });
  node.batch.clear();
  double prompt_tokens = 0;
  std::size_t taken = 0;
  for (; taken < node.prompts.size() && static_cast<int>(taken) < served.prompt_max_requests;
       ++taken) {
    const double tokens = requests_[at(node.prompts[taken])].length.input_tokens;
    if (prompt_tokens + tokens > served.prompt_max_tokens) break;
    prompt_tokens += tokens;
    node.batch.push_back(node.prompts[taken]);
  }
  node.prompts.erase(node.prompts.begin(),
                     node.prompts.begin() + static_cast<std::ptrdiff_t>(taken));
  double context = 0;
  std::size_t decodes = 0;
  for (; decodes < node.decodes.size() && static_cast<int>(decodes) < served.decode_max_requests;
       ++decodes) {
    const Request& request = requests_[at(node.decodes[decodes])];
    context += request.length.input_tokens + request.decoded;
    if (context > served.decode_max_context_tokens) break;
    node.batch.push_back(node.decodes[decodes]);
  }
  node.decodes.erase(node.decodes.begin(),
                     node.decodes.begin() + static_cast<std::ptrdiff_t>(decodes));
  if (node.batch.empty()) {
    node.busy = false;
    node.wake_s = next_s;
    if (next_s < kNever) schedule(next_s, EventKind::kWake, index);
    return;
  }
  node.kv_used += prompt_tokens + static_cast<double>(decodes);
  if (node.kv_used > node.kv_capacity) failed_ = true;
  const double decode_s = type.decode_s.at(static_cast<double>(decodes)) * (decodes == 1 ? 2 : 1);
  const double layer_s = type.prompt_s.at(prompt_tokens) + decode_s;
  node.busy = true;
  schedule(time_s + node.layers * layer_s +
               copied_tokens * network_.profiles.model.activation_bytes * kCopySecondsPerByte,
           EventKind::kBatchDone, index);
}

void BatchSimulation::finish_batch(int index, double time_s) {
  // Sending does not touch the batch of a busy node.
  for (const int request : nodes_[at(index)].batch) send(request, time_s);
  start_batch(index, time_s);
}

void BatchSimulation::finish_step(int index, double time_s) {
  Request& request = requests_[at(index)];
  if (time_s >= count_from_s_ && time_s < count_until_s_) {
    auto& samples = request.decoded < 0 ? prompt_latency_s_ : decode_latency_s_;
    if (!closed_) samples.push_back(static_cast<float>(time_s - request.issued_s));
    if (request.decoded >= 0) ++decoded_;
  }
  const bool prompt = request.decoded < 0;
  ++request.decoded;
  const bool ends = request.decoded >= request.length.output_tokens;
  if (ends) {
    const double used = request.length.input_tokens + request.length.output_tokens;
    for (const int way : request.way) {
      Node& node = nodes_[at(links_[at(way)].to)];
      node.kv_expected -= request.expected_tokens;
      node.kv_used -= used;
    }
    free_requests_.push_back(index);
  } else {
    request.hop = 0;
    request.issued_s = time_s;
    charge_decode(request);
    send(index, time_s);
  }
  if (closed_ && (prompt || ends)) feed(time_s);
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
