#pragma once

#include <vector>

#include "analyzer/serving/placement.h"

namespace sextant {

/// Tokens per second (prompt and decode tokens together) that can flow through a placement, as the
/// planners of Helix count: machines carry what typical_throughput says, links and NICs count
/// activations alone. 0 where no path holds all layers.
double placement_flow(const ServingCluster& cluster, const ServingProfiles& profiles,
                      const ThroughputTable& throughput, const Placement& placement,
                      bool partial_inference);

/// The same as Helix's scheduler counts it, over the links that the network lists: NICs of both
/// sides, token and activation on each hop between machines. The network's links then have a
/// maximum flow. Returns its value.
///
/// Maximum flows are not unique. This one is chosen: among all it has the least sum, over machines
/// and the links to them, of flow^2 / (throughput of the machine), so that machines side by side
/// are loaded alike. It depends on nothing but the network.
double assign_flow(ServedNetwork& network, const ThroughputTable& throughput);

/// No placement has more flow: the mean over the layers of what all machines give at their best.
double naive_upper_bound(const ServingCluster& cluster, const ServingProfiles& profiles,
                         const ThroughputTable& throughput);
/// The same, but tighter: a machine that holds k layers gives no layer more than the flow itself
/// (the largest F with sum_i max_k k min(T_i(k), F) >= layers F).
double tight_upper_bound(const ServingCluster& cluster, const ServingProfiles& profiles,
                         const ThroughputTable& throughput);

}  // namespace sextant
