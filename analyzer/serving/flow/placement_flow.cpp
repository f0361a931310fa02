#include "analyzer/serving/flow/placement_flow.h"

#include <algorithm>
#include <limits>

#include "analyzer/serving/flow/balanced_flow.h"
#include "analyzer/serving/flow/max_flow.h"

namespace sextant {

namespace {

constexpr int kSource = 0;
constexpr int kSink = 1;
/// Vertices of node (or machine) i, where flow comes in and goes out.
int vertex_in(int i) {
  return 2 + 2 * i;
}
int vertex_out(int i) {
  return 3 + 2 * i;
}

double throughput_of(const ThroughputTable& throughput, int type, int layers) {
  const std::vector<double>& by_layers = throughput[static_cast<std::size_t>(type)];
  const auto k = static_cast<std::size_t>(layers);
  return k < by_layers.size() ? by_layers[k] : 0;
}

}  // namespace

double placement_flow(const ServingCluster& cluster, const ServingProfiles& profiles,
                      const ThroughputTable& throughput, const Placement& placement,
                      bool partial_inference) {
  const ServedModel& model = profiles.model;
  const int machines = static_cast<int>(cluster.machines.size());
  MaxFlow graph(2 + 2 * machines, kSource, kSink);
  for (int i = 0; i < machines; ++i) {
    const LayerInterval& layers = placement[static_cast<std::size_t>(i)];
    if (layers.empty()) continue;
    const int type_index = profiles.type_index(cluster.machines[static_cast<std::size_t>(i)].type);
    const MachineType& type = profiles.types[static_cast<std::size_t>(type_index)];
    const double nic = std::min(type.nic_in_bytes_per_s, type.nic_out_bytes_per_s);
    graph.add_edge(vertex_in(i), vertex_out(i),
                   std::min(throughput_of(throughput, type_index, layers.layers()),
                            nic / model.activation_bytes));
  }
  for (const ServingLink& link : cluster.links) {
    const auto held = [&](int i) { return placement[static_cast<std::size_t>(i)]; };
    if (link.from == kCoordinator) {
      if (!held(link.to).empty() && held(link.to).first == 0) {
        graph.add_edge(kSource, vertex_in(link.to), link.bytes_per_s / model.token_bytes);
      }
    } else if (link.to == kCoordinator) {
      if (!held(link.from).empty() && held(link.from).end == model.layers) {
        graph.add_edge(vertex_out(link.from), kSink, link.bytes_per_s / model.token_bytes);
      }
    } else {
      const double capacity = link.bytes_per_s / model.activation_bytes;
      if (connects(held(link.from), held(link.to), partial_inference)) {
        graph.add_edge(vertex_out(link.from), vertex_in(link.to), capacity);
      }
      if (connects(held(link.to), held(link.from), partial_inference)) {
        graph.add_edge(vertex_out(link.to), vertex_in(link.from), capacity);
      }
    }
  }
  return graph.solve();
}

double assign_flow(ServedNetwork& network, const ThroughputTable& throughput) {
  const ServedModel& model = network.profiles.model;
  const double hop_bytes = model.token_bytes + model.activation_bytes;
  const int nodes = static_cast<int>(network.nodes.size());
  // NICs that only talk to the coordinator carry tokens, no activations.
  std::vector<char> hears_nodes(network.nodes.size(), 0);
  std::vector<char> tells_nodes(network.nodes.size(), 0);
  for (const ServedLink& link : network.links) {
    if (link.from == kCoordinator || link.to == kCoordinator) continue;
    hears_nodes[static_cast<std::size_t>(link.to)] = 1;
    tells_nodes[static_cast<std::size_t>(link.from)] = 1;
  }
  constexpr double kFree = std::numeric_limits<double>::infinity();
  std::vector<BalancedEdge> edges;
  for (int i = 0; i < nodes; ++i) {
    const auto v = static_cast<std::size_t>(i);
    const ServedNode& node = network.nodes[v];
    const double tokens = throughput_of(throughput, node.type, node.layers.layers());
    const double in = node.nic_in_bytes_per_s / (hears_nodes[v] ? hop_bytes : model.token_bytes);
    const double out = node.nic_out_bytes_per_s / (tells_nodes[v] ? hop_bytes : model.token_bytes);
    const double capacity = std::min({tokens, in, out});
    edges.push_back({vertex_in(i), vertex_out(i), capacity, std::max(capacity, 1e-9)});
  }
  const auto weight_of = [&](int node) { return edges[static_cast<std::size_t>(node)].weight; };
  for (const ServedLink& link : network.links) {
    const bool outer = link.from == kCoordinator || link.to == kCoordinator;
    const double capacity = link.bytes_per_s / (outer ? model.token_bytes : hop_bytes);
    edges.push_back({link.from == kCoordinator ? kSource : vertex_out(link.from),
                     link.to == kCoordinator ? kSink : vertex_in(link.to), capacity,
                     link.to == kCoordinator ? kFree : weight_of(link.to)});
  }
  // The coordinator's own NICs, behind the graph's ends.
  const int outside = vertex_in(nodes);
  const int inside = outside + 1;
  edges.push_back(
      {outside, kSource, network.coordinator_out_bytes_per_s / model.token_bytes, kFree});
  edges.push_back({kSink, inside, network.coordinator_in_bytes_per_s / model.token_bytes, kFree});
  const std::vector<double> flow = balanced_max_flow(inside + 1, outside, inside, edges);
  for (std::size_t l = 0; l < network.links.size(); ++l) {
    network.links[l].flow_tokens_per_s = flow[network.nodes.size() + l];
  }
  return flow.back();
}

}  // namespace sextant
