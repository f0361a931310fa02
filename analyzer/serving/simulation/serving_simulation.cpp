#include "analyzer/serving/simulation/serving_simulation.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/serving/simulation/batch_times.h"
#include "analyzer/serving/simulation/request_router.h"
#include "analyzer/serving/simulation/serving_state.h"

namespace sextant {

namespace {

/// Between the requests that a closed loop issues at its start, and before each later one.
constexpr double kIssueGap_s = 0.1;
constexpr double kToHost_s_per_byte = 1 / 4e9;
constexpr double kToGpu_s_per_byte = 1 / 5e9;

class Simulation {
 public:
  Simulation(const ServedNetwork& network, const ServingLoad& load,
             const ServingSimulationOptions& options)
      : network_(network),
        options_(options),
        loop_(std::get_if<ClosedLoop>(&load)),
        state_(network, options),
        router_(make_request_router(state_)) {
    double slowest = 0;
    for (const ServedNode& node : network.nodes) {
      slowest = std::max(slowest, node.layers.layers() * network.profiles.model.layer_bytes /
                                      node.disk_bytes_per_s);
    }
    begin_ = std::ceil(slowest) + 1;
    window_begin_ = begin_ + options.warm_up_s;
    window_end_ = window_begin_ + options.duration_s;
    int prompt = 0;
    int decode = 0;
    for (const ServedNode& node : network.nodes) {
      prompt = std::max(prompt, node.prompt_max_tokens);
      decode = std::max(decode, node.decode_max_requests);
    }
    for (const MachineType& type : network.profiles.types)
      times_.emplace_back(type, prompt, decode);
    if (loop_ != nullptr) {
      for (int i = 0; i < loop_->initial_requests; ++i) {
        arrivals_.push_back({begin_ + i * kIssueGap_s, draw()});
      }
    } else {
      for (TracedRequest request : std::get<RequestTrace>(load)) {
        request.arrival_s += begin_;
        arrivals_.push_back(request);
      }
    }
  }

  ServingSimulationResult run() {
    const double until = loop_ != nullptr ? window_end_ : std::numeric_limits<double>::infinity();
    state_.events.start_at(begin_);
    ServingEventQueue& events = state_.events;
    for (;;) {
      const double next =
          events.empty() ? std::numeric_limits<double>::infinity() : events.next_time();
      const bool arrival =
          next_arrival_ < arrivals_.size() && arrivals_[next_arrival_].arrival_s <= next;
      const double time = arrival ? arrivals_[next_arrival_].arrival_s : next;
      if (!(time < until)) break;
      ++result_.events;
      if (arrival) {
        events.start_at(time);
        const TracedRequest& request = arrivals_[next_arrival_++];
        issue(add(request.length, time));
      } else {
        handle(events.pop());
      }
    }
    result_.load_s = begin_;
    result_.decode_tokens_per_s = static_cast<double>(decodes_) / options_.duration_s;
    std::sort(result_.prompt_latency_s.begin(), result_.prompt_latency_s.end());
    std::sort(result_.decode_latency_s.begin(), result_.decode_latency_s.end());
    return std::move(result_);
  }

 private:
  RequestLength draw() {
    return loop_->lengths[static_cast<std::size_t>(
        state_.random.randint(0, static_cast<std::int64_t>(loop_->lengths.size()) - 1))];
  }

  int add(const RequestLength& length, double arrival) {
    ActiveRequest request;
    request.arrival_s = arrival;
    request.issued_s = arrival;
    request.length = length;
    request.tokens = length.input_tokens;
    request.record = static_cast<int>(result_.requests.size());
    result_.requests.push_back({arrival - begin_, -1, -1, length, 0, false});
    return state_.requests.add(request);
  }

  void handle(const ServingEvent& event) {
    switch (event.kind) {
      case ServingEventKind::kIssue:
        return issue(event.subject);
      case ServingEventKind::kSend:
        return router_->send(event.subject);
      case ServingEventKind::kSent:
        return sent(event.subject);
      case ServingEventKind::kReceived:
        return received(event.subject);
      case ServingEventKind::kRun:
        return run_batch(event.subject);
      case ServingEventKind::kRan:
        return ran(event.subject);
      case ServingEventKind::kGather:
        return gather();
    }
  }

  void issue(int request) {
    if (state_.requests[request].prompt()) {
      if (!router_->admit(request)) {
        if (loop_ == nullptr) throw Error(ErrorCode::kInfeasible, "no way");
        ++result_.dropped;
        state_.requests.remove(request);
        return;
      }
    } else {
      router_->issue_decode(request);
    }
    router_->enqueue(state_.links.coordinator(), request);
    state_.events.post(ServingEventKind::kSend, state_.links.coordinator());
  }

  void sent(int index) {
    const ActiveRequest& request = state_.requests[index];
    const int link = state_.requests.way(index)[request.hop];
    const LinkState& over = state_.links[link];
    state_.links.release(link, request.bandwidth);
    router_->sent(link);
    state_.events.post(ServingEventKind::kSend, over.from);
    // The two sums differ by rounding, which decides what comes first of two events that coincide;
    // each is the one with which the artifact's figures come out.
    const double carried = over.bytes_per_token * request.tokens / request.bandwidth;
    state_.events.post_at(options_.scheduler == RequestScheduler::kFlow
                              ? state_.events.now() + over.latency_s
                              : request.sent_s + (carried + over.latency_s),
                          ServingEventKind::kReceived, index);
  }

  void received(int index) {
    ActiveRequest& request = state_.requests[index];
    const LinkState& over = state_.links[state_.requests.way(index)[request.hop++]];
    if (over.to == state_.links.coordinator()) {
      gathered_.push(state_.requests, index);
      state_.events.post(ServingEventKind::kGather, over.to);
      return;
    }
    NodeState& node = state_.nodes[static_cast<std::size_t>(over.to)];
    node.buffered += request.tokens;
    node.queues[static_cast<std::size_t>(over.entry)].push(state_.requests, index);
    state_.events.post(ServingEventKind::kRun, over.to);
  }

  void run_batch(int index) {
    NodeState& node = state_.nodes[static_cast<std::size_t>(index)];
    if (node.busy || !node.find_work()) return;
    node.take_batch(state_.requests);
    const NodeBatch& batch = node.batch;
    if (batch.empty()) return;
    node.busy = true;
    const BatchTimes& times = times_[static_cast<std::size_t>(node.node->type)];
    const double layer = times.layer_s(static_cast<int>(batch.prompt_tokens), batch.decodes);
    double first = layer;
    if (batch.layer == 0) {
      first += static_cast<double>(node.buffered) * network_.profiles.model.activation_bytes *
               (kToHost_s_per_byte + kToGpu_s_per_byte);
      node.buffered = 0;
    }
    double last = state_.events.now();
    double end = last + first;
    for (int i = 1; i < batch.layers; ++i) {
      last = end;
      end += layer;
    }
    state_.events.post_at(end, last, ServingEventKind::kRan, index);
  }

  void ran(int index) {
    NodeState& node = state_.nodes[static_cast<std::size_t>(index)];
    NodeBatch& batch = node.batch;
    const int next = batch.layer + batch.layers;
    node.busy = false;
    for (const int request : take_all(batch.requests)) {
      node.kv_used += static_cast<std::int64_t>(state_.requests[request].tokens) * batch.layers;
      if (next == node.layers) {
        router_->enqueue(index, request);
      } else {
        node.queues[static_cast<std::size_t>(next)].push(state_.requests, request);
      }
    }
    if (static_cast<double>(node.kv_used) > node.node->kv_capacity_layer_tokens)
      throw Error(ErrorCode::kInfeasible, "KV overflow");
    if (next == node.layers) state_.events.post(ServingEventKind::kSend, index);
    node.layer = next == node.layers ? 0 : next;
    node.find_work();
    state_.events.post(ServingEventKind::kRun, index);
  }

  std::vector<int> take_all(RequestQueue& queue) {
    std::vector<int> all;
    while (!queue.empty()) all.push_back(queue.pop(state_.requests));
    return all;
  }

  void gather() {
    while (!gathered_.empty()) {
      const int index = gathered_.pop(state_.requests);
      ActiveRequest& request = state_.requests[index];
      const double now = state_.events.now();
      const bool counts = now >= window_begin_ && now <= window_end_;
      if (counts) {
        (request.prompt() ? result_.prompt_latency_s : result_.decode_latency_s)
            .push_back(now - request.issued_s);
        if (!request.prompt()) ++decodes_;
      }
      const bool prompt = request.prompt();
      const bool over = request.iteration == request.length.output_tokens;
      if (over) {
        result_.requests[static_cast<std::size_t>(request.record)].end_s = now - begin_;
        ++result_.finished;
        router_->end(index);
        const int tokens = request.length.input_tokens + request.length.output_tokens;
        for (const int* way = state_.requests.way(index);; ++way) {
          const LinkState& link = state_.links[*way];
          if (link.to == state_.links.coordinator()) break;
          state_.nodes[static_cast<std::size_t>(link.to)].kv_used -=
              static_cast<std::int64_t>(tokens) * link.passed;
        }
        state_.requests.remove(index);
      } else {
        ++request.iteration;
        request.tokens = 1;
        request.hop = 0;
        request.issued_s = now;
        state_.events.post(ServingEventKind::kIssue, index);
      }
      if (loop_ != nullptr) feed(prompt, over);
    }
  }

  void feed(bool prompt, bool over) {
    if (loop_->fill_kv_cache ? (prompt || over) && router_->has_room() : over) {
      // The artifact adds in this order, which decides which of two events at nearly the same time
      // is the first.
      const double now = state_.events.now();
      const double at =
          loop_->fill_kv_cache ? now + kIssueGap_s : begin_ + (now - begin_ + kIssueGap_s);
      state_.events.post_at(at, ServingEventKind::kIssue, add(draw(), at));
    }
  }

  const ServedNetwork& network_;
  const ServingSimulationOptions& options_;
  const ClosedLoop* loop_;
  ServingState state_;
  std::unique_ptr<RequestRouter> router_;
  std::vector<BatchTimes> times_;
  double begin_ = 0;
  double window_begin_ = 0;
  double window_end_ = 0;
  RequestTrace arrivals_;
  std::size_t next_arrival_ = 0;
  RequestQueue gathered_;
  std::int64_t decodes_ = 0;
  ServingSimulationResult result_;
};

}  // namespace

ServingSimulationResult simulate_serving(const ServedNetwork& network, const ServingLoad& load,
                                         const ServingSimulationOptions& options) {
  return Simulation(network, load, options).run();
}

std::optional<double> artifact_percentile(const std::vector<double>& ascending, double share) {
  if (ascending.empty()) return std::nullopt;
  const auto index = static_cast<std::size_t>(static_cast<double>(ascending.size()) * share);
  return ascending[std::min(index, ascending.size() - 1)];
}

ServingSimulationOptions helix_offline_options(RequestScheduler scheduler) {
  ServingSimulationOptions options;
  options.scheduler = scheduler;
  options.warm_up_s = 60;
  options.duration_s = 600;
  options.kv_high_water = 0.85;
  options.expected_output_share = 1;
  return options;
}

ServingSimulationOptions helix_online_options(RequestScheduler scheduler) {
  ServingSimulationOptions options;
  options.scheduler = scheduler;
  options.duration_s = 1800;
  return options;
}

}  // namespace sextant
