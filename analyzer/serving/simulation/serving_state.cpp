#include "analyzer/serving/simulation/serving_state.h"

#include <algorithm>

namespace sextant {

ServingState::ServingState(const ServedNetwork& served, const ServingSimulationOptions& chosen)
    : network(served),
      options(chosen),
      links(served),
      requests(links.longest_way()),
      random(chosen.seed) {
  nodes.resize(served.nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    nodes[i].node = &served.nodes[i];
    nodes[i].layers = served.nodes[i].layers.layers();
    nodes[i].decode_max_requests =
        std::min(served.nodes[i].decode_max_requests, chosen.max_decode_batch);
  }
  for (int link = 0; link < links.size(); ++link) {
    if (links[link].entry > 0) nodes[static_cast<std::size_t>(links[link].to)].whole_passes = false;
  }
  for (NodeState& node : nodes) {
    node.queues.resize(node.whole_passes ? 1 : static_cast<std::size_t>(node.layers));
  }
}

void ServingState::transmit(int request, int link, double bandwidth) {
  ActiveRequest& sent = requests[request];
  const LinkState& over = links[link];
  links.reserve(link, bandwidth);
  sent.bandwidth = bandwidth;
  sent.sent_s = events.now();
  const double end = events.now() + over.bytes_per_token * sent.tokens / bandwidth;
  metrics->sending(link, events.now(), end);
  events.post_at(end, ServingEventKind::kSent, request);
}

}  // namespace sextant
