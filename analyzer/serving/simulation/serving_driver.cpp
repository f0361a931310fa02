#include "analyzer/serving/simulation/serving_driver.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/interrupt.h"

namespace sextant {

namespace {

/// Events between two looks at whether the user wants an end.
constexpr std::int64_t kInterruptEvery = 1 << 16;

/// Every machine reads its layers from its disk; requests begin at the next full second but one.
double load_seconds(const ServedNetwork& network) {
  double slowest = 0;
  for (const ServedNode& node : network.nodes) {
    slowest = std::max(
        slowest, node.layers.layers() * network.profiles.model.layer_bytes / node.disk_bytes_per_s);
  }
  return std::ceil(slowest) + 1;
}

int longest_prompt(const ServedNetwork& network) {
  int tokens = std::numeric_limits<int>::max();
  for (const ServedNode& node : network.nodes) tokens = std::min(tokens, node.prompt_max_tokens);
  return tokens;
}

}  // namespace

ServingDriver::ServingDriver(const ServedNetwork& network, const ServingLoad& load,
                             const ServingSimulationOptions& options)
    : options_(options),
      loop_(std::get_if<ClosedLoop>(&load)),
      load_s_(load_seconds(network)),
      state_(network, options),
      router_(make_request_router(state_)),
      metrics_(network, options, load_s_),
      longest_prompt_(longest_prompt(network)) {
  state_.metrics = &metrics_;
  for (std::size_t type = 0; type < network.profiles.types.size(); ++type) {
    int prompt_tokens = 0;
    int decodes = 0;
    for (const ServedNode& node : network.nodes) {
      if (node.type != static_cast<int>(type)) continue;
      prompt_tokens = std::max(prompt_tokens, node.prompt_max_tokens);
      decodes = std::max(decodes, node.decode_max_requests);
    }
    times_.emplace_back(network.profiles.types[type], prompt_tokens, decodes);
  }
  if (loop_ != nullptr) {
    for (int i = 0; i < loop_->initial_requests; ++i) {
      arrivals_.push_back({load_s_ + i * kIssueGap_s, draw()});
    }
  } else {
    arrivals_ = std::get<RequestTrace>(load);
    for (TracedRequest& request : arrivals_) request.arrival_s += load_s_;
    result_.requests.reserve(arrivals_.size());
  }
}

ServingSimulationResult ServingDriver::run() {
  constexpr double kNever = std::numeric_limits<double>::infinity();
  const double until = loop_ != nullptr ? metrics_.end() : kNever;
  ServingEventQueue& events = state_.events;
  events.start_at(load_s_);
  for (;;) {
    const double next = events.empty() ? kNever : events.next_time();
    const double arrival =
        next_arrival_ < arrivals_.size() ? arrivals_[next_arrival_].arrival_s : kNever;
    if (!(std::min(next, arrival) < until)) break;
    if (arrival <= next) {
      events.start_at(arrival);
      arrive(arrivals_[next_arrival_++].length, arrival);
    } else {
      handle(events.pop());
    }
    if (++result_.events % kInterruptEvery == 0 && interrupted()) {
      throw Error(ErrorCode::kPartial,
                  fmt::format("interrupted after {} simulated seconds", now() - load_s_));
    }
  }
  metrics_.finish(std::max(now(), metrics_.end()), state_.links, result_);
  return std::move(result_);
}

void ServingDriver::handle(const ServingEvent& event) {
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

}  // namespace sextant
