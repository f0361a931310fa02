#include <algorithm>

#include "planner/serving/sextant/batch_simulation.h"

namespace sextant {
namespace {

/// Links with less than this share of what leaves a node are not used.
constexpr double kLeastFlowShare = 0.05;

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

}  // namespace sextant
