#pragma once

#include <optional>
#include <string>

#include "analyzer/serving/placement.h"
#include "analyzer/serving/simulation/serving_simulation.h"
#include "reproduce/helix_loads.h"

namespace sextant {

/// A placement at work, with what is offered to it.
struct HelixSystem {
  std::string machine_type;  ///< that it consists of; "" = of several
  ServedNetwork network;
  RequestScheduler scheduler = RequestScheduler::kFlow;
  HelixLoad load;
  /// Of the placement as planners count it; nothing where a machine holds more layers than its
  /// type's profile has.
  std::optional<double> flow_tokens_per_s;
  double bound_tokens_per_s = 0;
  /// What happens where a KV cache has no room, or a prompt no way.
  OverflowPolicy overflow = OverflowPolicy::kFail;
};

/// With flow and bound of the network's placement on the machines of `cluster`.
HelixSystem helix_system(ServedNetwork network, const ServingCluster& cluster,
                         bool partial_inference = false);

/// Those machines of a cluster that serve in a network, with the links between them, as a cluster
/// of its own; the network's nodes then refer to it.
ServingCluster take_own_machines(ServedNetwork& network, const ServingCluster& cluster);

/// Gives the network's links our split of its maximum flow.
void assign_own_flow(HelixSystem& system, const ServingCluster& cluster);

}  // namespace sextant
