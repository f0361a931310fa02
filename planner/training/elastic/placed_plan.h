#pragma once

#include <compare>
#include <map>
#include <string>
#include <vector>

#include "analyzer/training/estimator.h"
#include "planner/training/elastic/fraction_set.h"

namespace sextant {

/// One machine of a cluster: the `node`-th of a pool.
struct NodeId {
  std::string gpu;
  std::string zone;
  int node = 0;
  auto operator<=>(const NodeId&) const = default;
};

/// A part of the training state: weights or optimizer state of one layer.
struct StateKey {
  int layer = 0;
  bool optimizer = false;
  auto operator<=>(const StateKey&) const = default;
};

/// What one GPU keeps from iteration to iteration.
struct GpuState {
  int tp = 0;  ///< of the replica that it belongs to; 0: the plan does not use it
  /// Rank t of T holds [t/T, (t+1)/T) of each layer of its stage. ZeRO 1 and 2 divide the optimizer
  /// state, ZeRO 3 the weights too, among all that hold the same part of a layer.
  std::map<StateKey, FractionSet> parts;
  auto operator<=>(const GpuState&) const = default;
};

/// GPUs of a node, by index.
using NodeState = std::vector<GpuState>;

/// A plan on machines.
struct PlacedPlan {
  Plan plan;                          ///< every machine's node named
  std::map<NodeId, NodeState> nodes;  ///< those that the plan uses
};

/// The plan on the nodes that it names; machines that it leaves to the launcher fill the pool's
/// nodes in the order of ranks (rank_layout.h). Ranks take the GPUs of a node in that order too.
/// Throws Error(kBadInput) where the cluster lacks a node or GPU that the plan uses.
PlacedPlan place_on_nodes(const Plan& plan, const Cluster& cluster);

/// What of a plan's GPUs the cluster still has. Where a pool shrank, the nodes of the highest index
/// are gone, and of the last node that is left the GPUs of the highest index: counts do not say
/// which.
struct Survivors {
  std::map<NodeId, NodeState> nodes;
  int gpus_lost = 0;  ///< of those that the plan used
};
Survivors survivors(const PlacedPlan& placed, const Cluster& cluster);

/// GPUs of node `node` of the pool; 0 where there is no such node.
int gpus_on_node(const GpuPool& pool, int node);

}  // namespace sextant
