#pragma once

#include <string>
#include <vector>

#include "launch/emit/serving/serving_export.h"

namespace sextant::testing {

/// A placement of a model of 10 layers on machines of type "A100", all linked with each other, in
/// the given order; flows are 0.
inline ServedNetwork small_network(const std::vector<LayerInterval>& placement,
                                   const std::vector<std::string>& names = {}) {
  ServingProfiles profiles;
  profiles.model = {"small", 10, 1e9, 2, 1000};
  MachineType type;
  type.name = "A100";
  type.max_layers = 10;
  for (int k = 0; k <= type.max_layers; ++k) {
    type.kv_blocks.push_back(k == 0 ? 0 : 100 / k);
    type.prompt_max_requests.push_back(2);
    type.decode_max_requests.push_back(64);
  }
  type.nic_in_bytes_per_s = 1e9;
  type.nic_out_bytes_per_s = 1e9;
  profiles.types.push_back(type);
  ServingCluster cluster;
  cluster.coordinator_in_bytes_per_s = 1e9;
  cluster.coordinator_out_bytes_per_s = 1e9;
  const int machines = static_cast<int>(placement.size());
  for (int i = 0; i < machines; ++i) {
    const std::string name =
        names.empty() ? "node" + std::to_string(i) : names[static_cast<std::size_t>(i)];
    cluster.machines.push_back({name, "A100"});
    cluster.links.push_back({kCoordinator, i, 1e8, 0.001});
    cluster.links.push_back({i, kCoordinator, 1e8, 0.001});
    for (int j = 0; j < i; ++j) cluster.links.push_back({j, i, 1e8, 0.002});
  }
  return served_network(cluster, profiles, placement, false);
}

/// The link between two nodes. Throws where there is none.
inline ServedLink& link_of(ServedNetwork& network, int from, int to) {
  for (ServedLink& link : network.links) {
    if (link.from == from && link.to == to) return link;
  }
  throw std::out_of_range("no link");
}

/// Two pipelines of two machines, 60 and 40 tokens per second, and a little from one to the other.
inline ServedNetwork two_pipelines(const std::vector<std::string>& names = {}) {
  ServedNetwork network = small_network({{0, 6}, {0, 6}, {6, 10}, {6, 10}}, names);
  link_of(network, kCoordinator, 0).flow_tokens_per_s = 60;
  link_of(network, kCoordinator, 1).flow_tokens_per_s = 40;
  link_of(network, 0, 2).flow_tokens_per_s = 5;
  link_of(network, 0, 3).flow_tokens_per_s = 55;
  link_of(network, 1, 2).flow_tokens_per_s = 40;
  link_of(network, 2, kCoordinator).flow_tokens_per_s = 45;
  link_of(network, 3, kCoordinator).flow_tokens_per_s = 55;
  return network;
}

}  // namespace sextant::testing
