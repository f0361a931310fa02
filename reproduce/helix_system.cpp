#include "reproduce/helix_system.h"

#include <utility>
#include <vector>

#include "analyzer/serving/flow/placement_flow.h"
#include "planner/serving/placement_planner.h"

namespace sextant {

HelixSystem helix_system(ServedNetwork network, const ServingCluster& cluster,
                         bool partial_inference) {
  const ServingProfiles& profiles = network.profiles;
  const PlacementProblem problem = placement_problem(cluster, profiles, partial_inference);
  HelixSystem out;
  out.bound_tokens_per_s = tight_upper_bound(cluster, profiles, problem.throughput);
  Placement placement(cluster.machines.size());
  bool within_profiles = true;
  for (const ServedNode& node : network.nodes) {
    placement[static_cast<std::size_t>(node.machine)] = node.layers;
    const MachineType& type = profiles.types[static_cast<std::size_t>(node.type)];
    within_profiles = within_profiles && node.layers.layers() <= type.max_layers;
  }
  if (within_profiles) {
    out.flow_tokens_per_s =
        placement_flow(cluster, profiles, problem.throughput, placement, partial_inference);
  }
  out.network = std::move(network);
  return out;
}

ServingCluster take_own_machines(ServedNetwork& network, const ServingCluster& cluster) {
  ServingCluster out = cluster;
  std::vector<int> own(cluster.machines.size(), kCoordinator);
  out.machines.clear();
  for (ServedNode& node : network.nodes) {
    const auto machine = static_cast<std::size_t>(node.machine);
    own[machine] = node.machine = static_cast<int>(out.machines.size());
    out.machines.push_back(cluster.machines[machine]);
  }
  out.links.clear();
  const auto serves = [&](int end) {
    return end == kCoordinator || own[static_cast<std::size_t>(end)] != kCoordinator;
  };
  const auto renumbered = [&](int end) {
    return end == kCoordinator ? end : own[static_cast<std::size_t>(end)];
  };
  for (const ServingLink& link : cluster.links) {
    if (!serves(link.from) || !serves(link.to)) continue;
    out.links.push_back(
        {renumbered(link.from), renumbered(link.to), link.bytes_per_s, link.latency_s});
  }
  return out;
}

void assign_own_flow(HelixSystem& system, const ServingCluster& cluster) {
  assign_flow(system.network, placement_problem(cluster, system.network.profiles).throughput);
}

}  // namespace sextant
