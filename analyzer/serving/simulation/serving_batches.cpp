// Transmissions, and what machines run.

#include <algorithm>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/serving/simulation/serving_driver.h"

namespace sextant {

namespace {

/// What a machine has received goes from its network over the host to the GPU (Helix's artifact).
constexpr double kCopy_s_per_byte = 1 / 4e9 + 1 / 5e9;

}  // namespace

int ServingDriver::next_piece(const ActiveRequest& request) const {
  const int left = request.tokens - request.processed;
  const int most = options_.prefill_chunk_tokens;
  return most > 0 ? std::min(most, left) : left;
}

void ServingDriver::sent(int index) {
  const ActiveRequest& request = state_.requests[index];
  const int link = state_.requests.way(index)[request.hop];
  const LinkState& over = state_.links[link];
  state_.links.release(link, request.bandwidth);
  router_->sent(link);
  state_.events.post(ServingEventKind::kSend, over.from);
  // The two sums differ by rounding, which decides what comes first of two events that coincide;
  // each is the one with which the artifact's figures come out.
  const double carried = over.bytes_per_token * request.tokens / request.bandwidth;
  const double arrival = options_.scheduler == RequestScheduler::kFlow
                             ? now() + over.latency_s
                             : request.sent_s + (carried + over.latency_s);
  state_.events.post_at(arrival, ServingEventKind::kReceived, index);
}

void ServingDriver::received(int index) {
  ActiveRequest& request = state_.requests[index];
  const LinkState& over = state_.links[state_.requests.way(index)[request.hop++]];
  if (request.cancelled) return restart(index);
  if (over.to == state_.links.coordinator()) {
    gathered_.push(state_.requests, index);
    state_.events.post(ServingEventKind::kGather, over.to);
    return;
  }
  NodeState& node = node_at(over.to);
  node.buffered += request.tokens;
  request.processed = 0;
  request.cached_tokens = 0;
  request.piece = next_piece(request);
  node.queues[static_cast<std::size_t>(over.entry)].push(state_.requests, index);
  metrics_.waiting(over.to, now(), ++node.waiting);
  state_.events.post(ServingEventKind::kRun, over.to);
}

void ServingDriver::run_batch(int index) {
  NodeState& node = node_at(index);
  if (node.busy) return;
  node.take_none();
  for (std::size_t tried = 0; tried < node.queues.size() && node.batch.empty(); ++tried) {
    if (!node.find_work()) return;
    choose_batch(index);
    if (node.batch.empty()) node.layer = (node.layer + 1) % static_cast<int>(node.queues.size());
  }
  NodeBatch& batch = node.batch;
  if (batch.empty()) return;
  node.busy = true;
  node.waiting -= batch.count();
  metrics_.waiting(index, now(), node.waiting);
  const auto type = static_cast<std::size_t>(node.node->type);
  double layer_s = times_[type].layer_s(static_cast<int>(batch.prompt_tokens), batch.decodes);
  if (options_.context_costs) {
    layer_s += state_.network.profiles.types[type].decode_s_per_context_token *
               static_cast<double>(batch.context);
  }
  double first_s = layer_s;
  if (batch.layer == 0) {
    first_s += static_cast<double>(node.buffered) * state_.network.profiles.model.activation_bytes *
               kCopy_s_per_byte;
    node.buffered = 0;
  }
  double last = now();
  double end = last + first_s;
  for (int layer = 1; layer < batch.layers; ++layer) {
    last = end;
    end += layer_s;
  }
  metrics_.batch(index, now(), end, batch.prompts, batch.decodes);
  state_.events.post_at(end, last, ServingEventKind::kRan, index);
}

void ServingDriver::choose_batch(int index) {
  NodeState& node = node_at(index);
  LayerQueue& queue = node.current();
  const std::int64_t most =
      (queue.prompt_tokens + queue.decodes) * static_cast<std::int64_t>(node.layers);
  const bool room = static_cast<double>(node.kv_used + most) <= node.node->kv_capacity_layer_tokens;
  const bool promises = options_.overflow == OverflowPolicy::kQueue && queue.prompts > 0;
  if (room && node.whole_passes && !promises && cancelled_ == 0 && node.all_fits()) {
    node.take_all();
    node.kv_used += most;
    for (int request = node.batch.requests.first; request != kNone;
         request = state_.requests[request].next) {
      state_.requests[request].note_cached();
    }
    metrics_.cached(index, now(), static_cast<double>(node.kv_used));
    return;
  }
  node.take_none();
  RequestQueue candidates = queue.requests;
  queue = LayerQueue{};
  LayerQueue left;
  while (!candidates.empty()) {
    const int request = candidates.pop(state_.requests);
    if (state_.requests[request].cancelled) {
      metrics_.waiting(index, now(), --node.waiting);
      restart(request);
    } else if (!node.fits(state_.requests[request])) {
      left.push(state_.requests, request);
    } else {
      const Taken taken = take(index, request);
      if (taken == Taken::kRuns) node.batch.push(state_.requests, request);
      if (taken == Taken::kWaits) left.push(state_.requests, request);
    }
  }
  queue = left;
  metrics_.cached(index, now(), static_cast<double>(node.kv_used));
}

/// Caches what the request adds on this machine, if it begins here.
ServingDriver::Taken ServingDriver::take(int index, int request_index) {
  NodeState& node = node_at(index);
  ActiveRequest& request = state_.requests[request_index];
  const LinkState& link = state_.links[state_.requests.way(request_index)[place_on_way(request)]];
  if (link.entry != node.layer) return Taken::kRuns;
  const std::int64_t needed = static_cast<std::int64_t>(request.piece) * link.passed;
  const std::int64_t whole =
      static_cast<std::int64_t>(request.length.input_tokens + request.length.output_tokens) *
      link.passed;
  const double capacity = node.node->kv_capacity_layer_tokens;
  const bool room = static_cast<double>(node.kv_used + needed) <= capacity;
  const auto leave = [&] {
    metrics_.waiting(index, now(), --node.waiting);
    release(request_index);
    router_->end(request_index);
    --under_way_;
    reject(request_index);
    admit_held();
    return Taken::kGone;
  };
  const auto stay = [&] {
    node.kv_used += needed;
    request.note_cached();
    return Taken::kRuns;
  };
  switch (options_.overflow) {
    case OverflowPolicy::kFail:
      if (room) return stay();
      throw Error(
          ErrorCode::kInfeasible,
          fmt::format("the KV cache of {} overflows {:.3f} s after the start: it holds {} of "
                      "{:.0f} layer-tokens, and {} more are needed",
                      node.node->name, now() - load_s_, node.kv_used, capacity, needed));
    case OverflowPolicy::kReject:
      return room ? stay() : leave();
    case OverflowPolicy::kQueue:
      if (request.prompt() && request.cached_tokens == 0) {
        if (static_cast<double>(whole) > capacity) return leave();
        if (static_cast<double>(node.kv_promised + whole) > capacity) return Taken::kWaits;
        node.kv_promised += whole;
      }
      return stay();
    case OverflowPolicy::kPreempt:
      if (room) return stay();
      if (static_cast<double>(whole) > capacity) return leave();
      if (request.prompt() && request.cached_tokens == 0) return Taken::kWaits;
      return make_room(index, request_index, needed) ? stay() : Taken::kGone;
  }
  return Taken::kWaits;
}

/// Preempts the youngest requests that a machine's cache holds until there is room for one of
/// them. Returns false where that one itself had to go.
bool ServingDriver::make_room(int index, int request, std::int64_t needed) {
  NodeState& node = node_at(index);
  while (static_cast<double>(node.kv_used + needed) > node.node->kv_capacity_layer_tokens) {
    const int victim = youngest_on(index);
    preempt(victim);
    if (victim == request) {
      metrics_.waiting(index, now(), --node.waiting);
      restart(request);
      return false;
    }
  }
  return true;
}

int ServingDriver::youngest_on(int index) const {
  int youngest = kNone;
  for (int r = 0; r < state_.requests.size(); ++r) {
    const ActiveRequest& request = state_.requests[r];
    if (!request.active || request.cancelled) continue;
    const int* way = state_.requests.way(r);
    for (int hop = 0; request.cached(hop) > 0; ++hop) {
      const int to = state_.links[way[hop]].to;
      if (to == state_.links.coordinator()) break;
      if (to != index) continue;
      if (youngest == kNone || request.arrival_s >= state_.requests[youngest].arrival_s) {
        youngest = r;
      }
    }
  }
  return youngest;
}

void ServingDriver::preempt(int index) {
  release(index);
  router_->end(index);
  --under_way_;
  ActiveRequest& request = state_.requests[index];
  if (request.iteration >= request.delivered) request.resumed_s = request.issued_s;
  request.cancelled = true;
  request.resumes = true;
  request.cached_hops = 0;
  request.cached_tokens = 0;
  ++cancelled_;
  ++result_.preempted;
  ++record(index).preemptions;
}

void ServingDriver::ran(int index) {
  NodeState& node = node_at(index);
  RequestQueue done = node.batch.requests;
  const int next = node.batch.layer + node.batch.layers;
  const bool passed = next == node.layers;
  node.busy = false;
  while (!done.empty()) {
    const int request_index = done.pop(state_.requests);
    ActiveRequest& request = state_.requests[request_index];
    if (request.cancelled) {
      restart(request_index);
      continue;
    }
    int queue = next;
    if (passed) {
      request.processed += request.piece;
      if (request.processed == request.tokens) {
        request.piece = request.tokens;
        router_->enqueue(index, request_index);
        continue;
      }
      request.piece = next_piece(request);
      queue = state_.links[state_.requests.way(request_index)[place_on_way(request)]].entry;
    }
    node.queues[static_cast<std::size_t>(queue)].push(state_.requests, request_index);
    metrics_.waiting(index, now(), ++node.waiting);
  }
  if (passed) state_.events.post(ServingEventKind::kSend, index);
  node.layer = passed ? 0 : next;
  node.find_work();
  state_.events.post(ServingEventKind::kRun, index);
}

}  // namespace sextant
