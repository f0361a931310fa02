#pragma once

#include <vector>

#include "analyzer/serving/serving_cluster.h"
#include "analyzer/serving/serving_profiles.h"

namespace sextant {

/// Layers [first, end) of a model; empty where a machine is not used.
struct LayerInterval {
  int first = 0;
  int end = 0;

  int layers() const { return end - first; }
  bool empty() const { return end <= first; }
  bool operator==(const LayerInterval&) const = default;
};

/// Which layers each machine of a cluster holds.
using Placement = std::vector<LayerInterval>;

/// Whether a machine with layers `from` may hand requests on to one with layers `to`: where that
/// one's layers begin as these end, or, with partial inference, where it holds the next layer and
/// more.
bool connects(const LayerInterval& from, const LayerInterval& to, bool partial_inference);

/// One machine at work.
struct ServedNode {
  std::string name;  ///< "compute_node_2"
  int machine = 0;   ///< index in the cluster
  int type = 0;      ///< index in the profiles
  LayerInterval layers;
  double kv_capacity_layer_tokens = 0;
  int prompt_max_requests = 0;  ///< of a batch, as the three below
  int prompt_max_tokens = 0;
  int decode_max_requests = 0;
  double decode_max_context_tokens = 0;
  double nic_in_bytes_per_s = 0;
  double nic_out_bytes_per_s = 0;
  double disk_bytes_per_s = 0;
};

/// One direction; `from` and `to` are indices of nodes, or the coordinator.
struct ServedLink {
  int from = kCoordinator;
  int to = kCoordinator;
  double latency_s = 0;
  double bytes_per_s = 0;
  double flow_tokens_per_s = 0;  ///< of a maximum flow, for schedulers that follow one
};

/// A placement as it serves: what schedulers and the simulation work on. Nodes are those machines
/// that hold layers, in the cluster's order; the order of links breaks ties.
struct ServedNetwork {
  ServingProfiles profiles;
  std::vector<ServedNode> nodes;
  std::vector<ServedLink> links;
  double coordinator_in_bytes_per_s = 0;
  double coordinator_out_bytes_per_s = 0;
};

/// What a machine of this type serves with when it holds these layers. More layers than the type's
/// most have the limits of the most, and no room in the KV cache.
ServedNode served_node(const ServingProfiles& profiles, const ServingMachine& machine,
                       int machine_index, const LayerInterval& layers);

/// The links that a placement can use, as the artifact's layouts list them: in the order of the
/// cluster's, forward before backward, without those that no path from the coordinator and back to
/// it goes through (one pass over heads, one over tails). Flows are 0.
ServedNetwork served_network(const ServingCluster& cluster, const ServingProfiles& profiles,
                             const Placement& placement, bool partial_inference);

/// Machines of each type of the profiles. Throws Error(kBadInput) naming a machine without profile.
std::vector<int> machines_of_type(const ServingCluster& cluster, const ServingProfiles& profiles);

}  // namespace sextant
