// Requests at the coordinator: how they come, go round, and end.

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/serving/simulation/serving_driver.h"

namespace sextant {

RequestLength ServingDriver::draw() {
  return loop_->lengths[static_cast<std::size_t>(
      state_.random.randint(0, static_cast<std::int64_t>(loop_->lengths.size()) - 1))];
}

int ServingDriver::add(const RequestLength& length, double arrival) {
  ActiveRequest request;
  request.arrival_s = arrival;
  request.issued_s = arrival;
  request.length = length;
  request.tokens = length.input_tokens;
  request.piece = next_piece(request);
  request.record = static_cast<int>(result_.requests.size());
  result_.requests.push_back({arrival - load_s_, -1, -1, length, 0, false});
  const int index = state_.requests.add(request);
  if (index >= ServingEventQueue::kMostSubjects) {
    throw Error(ErrorCode::kInfeasible,
                fmt::format("more than {} requests are under way at once", index));
  }
  return index;
}

void ServingDriver::arrive(const RequestLength& length, double time) {
  issue(add(length, time));
}

void ServingDriver::issue(int index) {
  const ActiveRequest& request = state_.requests[index];
  if (!request.prompt()) {
    router_->issue_decode(index);
    return enter(index);
  }
  const bool too_long =
      options_.max_input_tokens > 0 && request.length.input_tokens > options_.max_input_tokens;
  // Helix's scheduler looks for machines that can run it; the others do not.
  const bool too_large =
      options_.scheduler != RequestScheduler::kFlow && request.piece > longest_prompt_;
  if (too_long || too_large) return reject(index);
  if (!held_.empty()) return held_.push(state_.requests, index);
  if (!router_->admit(index)) return no_way(index);
  ++under_way_;
  enter(index);
}

void ServingDriver::enter(int index) {
  router_->enqueue(state_.links.coordinator(), index);
  state_.events.post(ServingEventKind::kSend, state_.links.coordinator());
}

void ServingDriver::no_way(int index) {
  switch (options_.overflow) {
    case OverflowPolicy::kFail:
      if (loop_ == nullptr) {
        throw Error(ErrorCode::kInfeasible,
                    fmt::format("request {}: no way has room for its {} input tokens, {:.3f} s "
                                "after the start",
                                state_.requests[index].record + 1,
                                state_.requests[index].length.input_tokens, now() - load_s_));
      }
      ++result_.dropped;
      state_.requests.remove(index);
      return;
    case OverflowPolicy::kQueue:
    case OverflowPolicy::kPreempt:
      // Where nothing is under way there never will be more room.
      if (under_way_ > 0) return held_.push(state_.requests, index);
      return reject(index);
    case OverflowPolicy::kReject:
      return reject(index);
  }
}

void ServingDriver::admit_held() {
  while (!held_.empty()) {
    const int index = held_.first;
    if (!router_->admit(index)) {
      if (under_way_ > 0) return;
      held_.pop(state_.requests);
      reject(index);
      continue;
    }
    held_.pop(state_.requests);
    ++under_way_;
    enter(index);
  }
}

void ServingDriver::gather() {
  while (!gathered_.empty()) {
    const int index = gathered_.pop(state_.requests);
    ActiveRequest& request = state_.requests[index];
    if (request.iteration >= request.delivered) {
      metrics_.delivered(request, now());
      ++request.delivered;
      if (request.prompt()) record(index).first_token_s = now() - load_s_;
    }
    const bool prompt = request.prompt();
    const bool over = request.iteration == request.length.output_tokens;
    if (over) {
      record(index).end_s = now() - load_s_;
      ++result_.finished;
      end(index);
    } else {
      ++request.iteration;
      request.tokens = 1;
      request.piece = 1;
      request.hop = 0;
      request.cached_hops = 0;
      const bool lost = request.resumes && request.iteration == request.delivered;
      request.issued_s = lost ? request.resumed_s : now();
      if (lost) request.resumes = false;
      state_.events.post(ServingEventKind::kIssue, index);
    }
    if (over || prompt) feed(over);
  }
}

/// Helix's own load fills the caches up; the baselines' keeps the number of requests.
void ServingDriver::feed(bool over) {
  if (loop_ == nullptr) return;
  if (loop_->fill_kv_cache ? router_->planned_share() > loop_->fullest_kv_share : !over) return;
  // In these orders the artifact adds; rounding decides what comes first of two events that
  // coincide.
  const double at =
      loop_->fill_kv_cache ? now() + kIssueGap_s : load_s_ + (now() - load_s_ + kIssueGap_s);
  state_.events.post_at(at, ServingEventKind::kIssue, add(draw(), at));
}

void ServingDriver::end(int index) {
  release(index);
  router_->end(index);
  --under_way_;
  state_.requests.remove(index);
  admit_held();
}

/// Takes a request out for good that the scheduler has not admitted.
void ServingDriver::reject(int index) {
  record(index).rejected = true;
  ++result_.rejected;
  state_.requests.remove(index);
  feed(true);
}

void ServingDriver::release(int index) {
  const ActiveRequest& request = state_.requests[index];
  const int* way = state_.requests.way(index);
  for (int hop = 0; request.cached(hop) > 0; ++hop) {
    const std::int64_t tokens = request.cached(hop);
    const LinkState& link = state_.links[way[hop]];
    if (link.to == state_.links.coordinator()) break;
    NodeState& node = node_at(link.to);
    node.kv_used -= tokens * link.passed;
    if (options_.overflow == OverflowPolicy::kQueue) {
      node.kv_promised -=
          static_cast<std::int64_t>(request.length.input_tokens + request.length.output_tokens) *
          link.passed;
    }
    metrics_.cached(link.to, now(), static_cast<double>(node.kv_used));
    // Something may wait there for room.
    if (options_.overflow != OverflowPolicy::kFail) {
      state_.events.post(ServingEventKind::kRun, link.to);
    }
  }
}

/// A preempted request begins again with its prompt. What it had delivered does not count twice.
void ServingDriver::restart(int index) {
  ActiveRequest& request = state_.requests[index];
  request.cancelled = false;
  --cancelled_;
  request.iteration = 0;
  request.tokens = request.length.input_tokens;
  request.processed = 0;
  request.piece = next_piece(request);
  request.hop = 0;
  request.cached_hops = 0;
  request.cached_tokens = 0;
  if (request.delivered == 0) {
    request.issued_s = request.resumed_s;
    request.resumes = false;
  }
  state_.events.post(ServingEventKind::kIssue, index);
}

}  // namespace sextant
