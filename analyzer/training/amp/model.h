#pragma once

// AMP's cost model, which its planner and its estimator share.

#include <string>
#include <vector>

#include "analyzer/cluster/cluster.h"
#include "analyzer/plan/plan.h"
#include "analyzer/training/amp/tables.h"

namespace sextant::amp {

/// The same degrees everywhere: rank tp * (dp * stage + replica) + t, and rank r stands on machine
/// r / gpus_per_node.
struct Grid {
  int dp = 1;
  int tp = 1;
  int microbatch = 1;
  int global_batch = 1;
  std::vector<LayerRange> stages;

  int ranks() const { return static_cast<int>(stages.size()) * dp * tp; }
};

/// The machines of a cluster as the model sees them: all alike.
struct Machines {
  int gpus_per_node = 1;
  /// From machine to machine; GPUs of one machine talk in no time.
  double bytes_per_s = 0;
};
/// Of pools of different types: the largest size that the machines of all are multiples of, and the
/// slowest of the links that join two machines of one pool. `ranks` is how many GPUs are used:
/// where they are of one machine, no link is asked for. Throws Error(kBadInput) where the network
/// is missing or does not know a link.
Machines machines_of(const Cluster& cluster, const std::vector<const GpuPool*>& pools, int ranks);

struct StageCost {
  double compute_s = 0;   ///< forward and backward of one microbatch
  double transfer_s = 0;  ///< to the next stage, one microbatch, forward only
  double sync_s = 0;
};

struct Cost {
  std::vector<StageCost> stages;
  double microbatches = 0;  ///< of a replica, not rounded
  int slowest_stage = 0;
  double steady_s = 0;
  double fill_s = 0;  ///< one microbatch through all stages, and its transfers
  double sync_s = 0;
  double iteration_s() const { return steady_s + fill_s + sync_s; }
};
Cost cost_of(const LayerTables& tables, const Machines& machines, const Grid& grid);

}  // namespace sextant::amp
