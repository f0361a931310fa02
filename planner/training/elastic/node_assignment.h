#pragma once

#include <optional>

#include "planner/training/elastic/placed_plan.h"
#include "planner/training/elastic/state_sizes.h"

namespace sextant {

/// A new plan on machines of the cluster so that what they hold already is used: the plan's nodes
/// are roles, which any node of the same pool with enough GPUs may take, and within a node any GPU
/// any rank. The pair of role and node with most bytes in common goes first; of equal ones the node
/// that the plan named, then the lowest. Roles that do not fit on a pool's last, smaller node go
/// before those that do. Nothing where the cluster has too few nodes.
/// `held` is what machines hold (Survivors::nodes).
std::optional<PlacedPlan> assign_nodes(const PlacedPlan& roles,
                                       const std::map<NodeId, NodeState>& held,
                                       const Cluster& cluster, const StateSizes& sizes);

}  // namespace sextant
