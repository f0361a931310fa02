#include "analyzer/serving/simulation/flow_router.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace sextant {

namespace {

/// Links with less than this share of what leaves their node are not used. Where flow leaves over
/// so many links that most have less, it is half of what they have on average.
constexpr double kLeastShare = 0.05;
constexpr double kLeastOfMean = 0.5;

}  // namespace

std::vector<double> flow_bandwidths(const ServedNetwork& network, const LinkStates& links) {
  const auto places = static_cast<std::size_t>(links.coordinator()) + 1;
  std::vector<double> out(places, 0);
  std::vector<double> in(places, 0);
  const auto speed = [&](int link) {
    return network.links[static_cast<std::size_t>(link)].flow_tokens_per_s *
           links[link].bytes_per_token;
  };
  for (int link = 0; link < links.size(); ++link) {
    out[static_cast<std::size_t>(links[link].from)] += speed(link);
    in[static_cast<std::size_t>(links[link].to)] += speed(link);
  }
  std::vector<double> bandwidths;
  bandwidths.reserve(network.links.size());
  for (int link = 0; link < links.size(); ++link) {
    const LinkState& state = links[link];
    const double of_out = speed(link) / out[static_cast<std::size_t>(state.from)];
    const double of_in = speed(link) / in[static_cast<std::size_t>(state.to)];
    bandwidths.push_back(speed(link) <= 0 ? 0.0
                                          : std::floor(std::min({state.bytes_per_s,
                                                                 links.nic_out(state.from) * of_out,
                                                                 links.nic_in(state.to) * of_in})));
  }
  return bandwidths;
}

FlowRouter::FlowRouter(ServingState& state) : state_(state), queues_(state.links) {
  const std::vector<double> bandwidths = flow_bandwidths(state.network, state.links);
  shares_.resize(bandwidths.size());
  for (int from = 0; from <= state.links.coordinator(); ++from) {
    double sum = 0;
    const auto flow = [&](int link) {
      return state.network.links[static_cast<std::size_t>(link)].flow_tokens_per_s;
    };
    int used = 0;
    for (const int link : state.links.out(from)) {
      sum += flow(link);
      used += flow(link) > 0 ? 1 : 0;
    }
    const double least = sum * std::min(kLeastShare, kLeastOfMean / std::max(used, 1));
    for (const int link : state.links.out(from)) {
      Share& share = shares_[static_cast<std::size_t>(link)];
      share.bandwidth = bandwidths[static_cast<std::size_t>(link)];
      share.flow = flow(link) < least ? 0 : flow(link);
    }
  }
  for (const ServedNode& node : state.network.nodes) {
    planned_.push_back(node.kv_capacity_layer_tokens);
  }
}

int FlowRouter::choose(int from, const ActiveRequest& request) const {
  int best = kNone;
  double least = std::numeric_limits<double>::infinity();
  for (const int link : state_.links.out(from)) {
    const Share& share = shares_[static_cast<std::size_t>(link)];
    if (share.flow <= 0) continue;
    const int to = state_.links[link].to;
    if (to != state_.links.coordinator()) {
      const ServedNode& node = state_.network.nodes[static_cast<std::size_t>(to)];
      if (request.piece > node.prompt_max_tokens) continue;
      const double left = planned_[static_cast<std::size_t>(to)] -
                          static_cast<double>(request.expected) * node.layers.layers();
      if (left < (1 - state_.options.kv_high_water) * node.kv_capacity_layer_tokens) continue;
    }
    const double load = share.load + request.tokens / share.flow;
    if (load < least) {
      least = load;
      best = link;
    }
  }
  return best;
}

bool FlowRouter::admit(int index) {
  ActiveRequest& request = state_.requests[index];
  request.expected = static_cast<int>(request.tokens +
                                      kTypicalOutputTokens * state_.options.expected_output_share);
  int* const way = state_.requests.way(index);
  int hops = 0;
  for (int at = state_.links.coordinator();;) {
    const int link = choose(at, request);
    if (link == kNone) {
      for (int hop = 0; hop < hops; ++hop) {
        Share& share = shares_[static_cast<std::size_t>(way[hop])];
        share.load -= request.tokens / share.flow;
      }
      return false;
    }
    way[hops++] = link;
    Share& share = shares_[static_cast<std::size_t>(link)];
    share.load += request.tokens / share.flow;
    at = state_.links[link].to;
    if (at == state_.links.coordinator()) break;
  }
  plan(index, 1);
  return true;
}

void FlowRouter::plan(int index, int sign) {
  const double expected = static_cast<double>(state_.requests[index].expected) * sign;
  for (const int* way = state_.requests.way(index);; ++way) {
    const LinkState& link = state_.links[*way];
    if (link.to == state_.links.coordinator()) break;
    planned_[static_cast<std::size_t>(link.to)] -= expected * link.passed;
  }
}

void FlowRouter::issue_decode(int index) {
  for (const int* way = state_.requests.way(index);; ++way) {
    Share& share = shares_[static_cast<std::size_t>(*way)];
    share.load += 1 / share.flow;
    if (state_.links[*way].to == state_.links.coordinator()) break;
  }
}

void FlowRouter::enqueue(int /*from*/, int index) {
  queues_.push(state_.requests, state_.requests.way(index)[state_.requests[index].hop], index);
}

void FlowRouter::send(int from) {
  queues_.send(state_.requests, from, [&](int request, int link) {
    state_.transmit(request, link, shares_[static_cast<std::size_t>(link)].bandwidth);
  });
}

void FlowRouter::end(int request) {
  plan(request, -1);
}

double FlowRouter::planned_share() const {
  const auto layers = static_cast<std::size_t>(state_.network.profiles.model.layers);
  std::vector<double> total(layers, 0);
  std::vector<double> left(layers, 0);
  for (std::size_t i = 0; i < planned_.size(); ++i) {
    const ServedNode& node = state_.network.nodes[i];
    for (int layer = node.layers.first; layer < node.layers.end; ++layer) {
      const auto l = static_cast<std::size_t>(layer);
      total[l] += node.kv_capacity_layer_tokens / node.layers.layers();
      left[l] += planned_[i] / node.layers.layers();
    }
  }
  double used = 0;
  for (std::size_t l = 0; l < layers; ++l) used = std::max(used, 1 - left[l] / total[l]);
  return used;
}

}  // namespace sextant
