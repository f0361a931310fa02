#include "analyzer/serving/placement.h"

#include <algorithm>

#include <fmt/format.h>

namespace sextant {

bool connects(const LayerInterval& from, const LayerInterval& to, bool partial_inference) {
  if (from.empty() || to.empty()) return false;
  if (from.end == to.first) return true;
  return partial_inference && to.first <= from.end && from.end < to.end;
}

ServedNode served_node(const ServingProfiles& profiles, const ServingMachine& machine,
                       int machine_index, const LayerInterval& layers) {
  const int type_index = profiles.type_index(machine.type);
  const MachineType& type = profiles.types[static_cast<std::size_t>(type_index)];
  const int most = std::min(layers.layers(), type.max_layers);
  const auto k = static_cast<std::size_t>(most);
  ServedNode node;
  node.name = machine.name;
  node.machine = machine_index;
  node.type = type_index;
  node.layers = layers;
  node.kv_capacity_layer_tokens =
      layers.layers() <= type.max_layers ? static_cast<double>(type.kv_layer_tokens(most)) : 0;
  node.prompt_max_requests = type.prompt_max_requests[k];
  node.prompt_max_tokens = type.prompt_max_requests[k] * kMaxInputTokens;
  node.decode_max_requests = type.decode_max_requests[k];
  constexpr double kContextOfSequence = 1000;
  node.decode_max_context_tokens = kContextOfSequence * type.decode_max_requests[k];
  node.nic_in_bytes_per_s = type.nic_in_bytes_per_s;
  node.nic_out_bytes_per_s = type.nic_out_bytes_per_s;
  node.disk_bytes_per_s = type.disk_bytes_per_s;
  return node;
}

ServedNetwork served_network(const ServingCluster& cluster, const ServingProfiles& profiles,
                             const Placement& placement, bool partial_inference) {
  ServedNetwork network;
  network.profiles = profiles;
  network.coordinator_in_bytes_per_s = cluster.coordinator_in_bytes_per_s;
  network.coordinator_out_bytes_per_s = cluster.coordinator_out_bytes_per_s;
  std::vector<int> node_of(cluster.machines.size(), kCoordinator);
  for (std::size_t i = 0; i < cluster.machines.size(); ++i) {
    if (placement[i].empty()) continue;
    node_of[i] = static_cast<int>(network.nodes.size());
    network.nodes.push_back(
        served_node(profiles, cluster.machines[i], static_cast<int>(i), placement[i]));
  }
  const int layers = profiles.model.layers;
  const auto held = [&](int machine) { return placement[static_cast<std::size_t>(machine)]; };
  std::vector<ServedLink> links;
  const auto add = [&](const ServingLink& link, int from, int to) {
    const auto node = [&](int machine) {
      return machine == kCoordinator ? kCoordinator : node_of[static_cast<std::size_t>(machine)];
    };
    links.push_back({node(from), node(to), link.latency_s, link.bytes_per_s, 0});
  };
  for (const ServingLink& link : cluster.links) {
    if (link.from == kCoordinator) {
      if (!held(link.to).empty() && held(link.to).first == 0) add(link, link.from, link.to);
    } else if (link.to == kCoordinator) {
      if (!held(link.from).empty() && held(link.from).end == layers) add(link, link.from, link.to);
    } else {
      if (connects(held(link.from), held(link.to), partial_inference))
        add(link, link.from, link.to);
      if (connects(held(link.to), held(link.from), partial_inference))
        add(link, link.to, link.from);
    }
  }
  // As the artifact prunes: one pass over heads, then one over tails.
  const auto keep_if = [&](auto keep) {
    std::vector<char> seen(network.nodes.size(), 0);
    for (const ServedLink& link : links) {
      const int end = keep.mark(link);
      if (end != kCoordinator) seen[static_cast<std::size_t>(end)] = 1;
    }
    std::erase_if(links, [&](const ServedLink& link) {
      const int end = keep.test(link);
      return end != kCoordinator && !seen[static_cast<std::size_t>(end)];
    });
  };
  struct HasOut {
    int mark(const ServedLink& link) const { return link.from; }
    int test(const ServedLink& link) const { return link.to; }
  };
  struct HasIn {
    int mark(const ServedLink& link) const { return link.to; }
    int test(const ServedLink& link) const { return link.from; }
  };
  keep_if(HasOut{});
  keep_if(HasIn{});
  network.links = std::move(links);
  return network;
}

std::vector<int> machines_of_type(const ServingCluster& cluster, const ServingProfiles& profiles) {
  std::vector<int> count(profiles.types.size(), 0);
  for (const ServingMachine& machine : cluster.machines) {
    ++count[static_cast<std::size_t>(profiles.type_index(machine.type))];
  }
  return count;
}

}  // namespace sextant
