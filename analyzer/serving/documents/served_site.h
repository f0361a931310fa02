#pragma once

#include <string>
#include <vector>

#include "analyzer/cluster/cluster.h"
#include "analyzer/serving/documents/machine_kind.h"
#include "analyzer/serving/serving_cluster.h"

namespace sextant {

/// A cluster's nodes as machines that serve, and what they are made of.
struct ServedSite {
  ServingCluster cluster;
  std::vector<MachineKind> kinds;  ///< in the order in which machines first have them
};

/// Most machines of a site: every pair of them has a link.
inline constexpr int kMostServingMachines = 4096;

/// Each node of the document `cluster` becomes a machine: "A100-40x4" of four GPUs. Its links are
/// straight lines through what its network says of a token's activations and of a typical prompt's,
/// so that both take as long. The coordinator stands in `coordinator_zone` ("": the first pool's),
/// and reaches a machine there as another of its type would, and elsewhere as a node of the zone's
/// first pool. A machine's NIC carries what its fastest link does.
///
/// Throws Error(kBadInput) where a pool is empty, no pool is in that zone, or a machine has no link
/// to the coordinator.
ServedSite served_site(const Cluster& cluster, double activation_bytes,
                       const std::string& coordinator_zone = "");

/// Throws Error(kBadInput) naming a machine that no way leads to from the coordinator, or that no
/// way leads back from.
void check_reachable(const ServingCluster& cluster);

}  // namespace sextant
