#include "analyzer/serving/simulation/swarm_router.h"

namespace sextant {

namespace {

constexpr double kFirstPriority = 0.05;
constexpr double kFirstTime_s = 0.05;
/// Weights of the newest time and of the others in their moving average.
constexpr double kNewest = 0.8;
constexpr double kOlder = 0.2;

}  // namespace

SwarmRouter::SwarmRouter(ServingState& state)
    : state_(state),
      fresh_(state.nodes.size() + 1),
      queues_(state.network.links.size()),
      priority_(state.network.links.size(), kFirstPriority),
      time_s_(state.network.links.size(), kFirstTime_s) {}

void SwarmRouter::enqueue(int from, int request) {
  fresh_[static_cast<std::size_t>(from)].push(state_.requests, request);
}

int SwarmRouter::choose(int from) {
  const auto priority = [&](int link) -> double& {
    return priority_[static_cast<std::size_t>(link)];
  };
  int best = kNone;
  for (const int link : state_.links.out(from)) {
    if (best == kNone || priority(link) < priority(best)) best = link;
  }
  priority(best) += time_s_[static_cast<std::size_t>(best)];
  return best;
}

void SwarmRouter::measure(int index) {
  const ActiveRequest& request = state_.requests[index];
  const int link = state_.requests.way(index)[request.hop - 1];
  double& time = time_s_[static_cast<std::size_t>(link)];
  time = kNewest * (state_.events.now() - request.sent_s) + kOlder * time;
}

void SwarmRouter::send(int from) {
  RequestQueue& fresh = fresh_[static_cast<std::size_t>(from)];
  while (!fresh.empty()) {
    const int request = fresh.pop(state_.requests);
    const ActiveRequest& waiting = state_.requests[request];
    if (from != state_.links.coordinator()) measure(request);
    int& link = state_.requests.way(request)[waiting.hop];
    if (waiting.prompt()) link = choose(from);
    queues_[static_cast<std::size_t>(link)].push(state_.requests, request);
  }
  for (const int link : state_.links.out(from)) {
    RequestQueue& queue = queues_[static_cast<std::size_t>(link)];
    if (queue.empty()) continue;
    const double bandwidth = state_.links.fair_bandwidth(link);
    if (bandwidth > kLeastBandwidth) {
      state_.transmit(queue.pop(state_.requests), link, bandwidth);
    }
  }
}

}  // namespace sextant
