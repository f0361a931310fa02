#pragma once

// How state reaches the GPUs of a plan; private to planner/training/elastic. transition.h has the
// formulas.

#include <map>
#include <optional>

#include "planner/training/elastic/placed_plan.h"
#include "planner/training/elastic/state_sizes.h"

namespace sextant::elastic {

struct StateTransfer {
  int gpus_receiving = 0;
  int layers_received = 0;
  double network_bytes = 0;
  double inside_bytes = 0;
  double storage_bytes = 0;
  double transfer_s = 0;
  double restore_s = 0;
  double egress_usd = 0;
};

/// From GPU to GPU; nothing where `holders` lack some of it.
std::optional<StateTransfer> from_holders(const std::map<NodeId, NodeState>& nodes,
                                          const std::map<NodeId, NodeState>& holders,
                                          const Cluster& cluster, const StateSizes& sizes);

/// All of it from the checkpoint.
StateTransfer from_storage(const std::map<NodeId, NodeState>& nodes, const Cluster& cluster,
                           const StateSizes& sizes, double storage_bytes_per_s);

}  // namespace sextant::elastic
