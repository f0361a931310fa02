#include "analyzer/serving/simulation/free_link_router.h"

#include <algorithm>
#include <limits>

namespace sextant {

FreeLinkRouter::FreeLinkRouter(ServingState& state)
    : state_(state), waiting_(state.nodes.size() + 1), bandwidth_(state.network.links.size(), 0) {}

void FreeLinkRouter::enqueue(int from, int request) {
  waiting_[static_cast<std::size_t>(from)].push(state_.requests, request);
}

void FreeLinkRouter::find_free(int from) {
  free_.clear();
  for (const int link : state_.links.out(from)) {
    const double bandwidth = state_.links.fair_bandwidth(link);
    const bool is_free = bandwidth > kLeastBandwidth;
    bandwidth_[static_cast<std::size_t>(link)] = is_free ? bandwidth : 0;
    if (is_free) free_.push_back(link);
  }
}

int FreeLinkRouter::least_queue(int from) const {
  int least = std::numeric_limits<int>::max();
  for (const int link : state_.links.out(from)) {
    const int to = state_.links[link].to;
    if (to != state_.links.coordinator()) least = std::min(least, state_.inbound(to));
  }
  return least;
}

/// The draw is over all links that were free, as the artifact has it, so that its numbers come out.
int FreeLinkRouter::choose(int from) {
  const bool shortest = state_.options.scheduler == RequestScheduler::kShortestQueue;
  const int least = shortest ? least_queue(from) : 0;
  order_ = free_;
  state_.random.shuffle(order_);
  for (const int link : order_) {
    if (bandwidth_[static_cast<std::size_t>(link)] <= 0) continue;
    const int to = state_.links[link].to;
    if (!shortest || to == state_.links.coordinator() || state_.inbound(to) == least) return link;
  }
  return kNone;
}

void FreeLinkRouter::send(int from) {
  RequestQueue& waiting = waiting_[static_cast<std::size_t>(from)];
  if (waiting.empty()) return;
  find_free(from);
  RequestQueue left;
  while (!waiting.empty()) {
    const int request = waiting.pop(state_.requests);
    const ActiveRequest& next = state_.requests[request];
    int& link = state_.requests.way(request)[next.hop];
    if (next.prompt()) link = choose(from);
    if (link == kNone || bandwidth_[static_cast<std::size_t>(link)] <= 0) {
      left.push(state_.requests, request);
      continue;
    }
    state_.transmit(request, link, bandwidth_[static_cast<std::size_t>(link)]);
    bandwidth_[static_cast<std::size_t>(link)] = 0;
  }
  waiting = left;
}

}  // namespace sextant
