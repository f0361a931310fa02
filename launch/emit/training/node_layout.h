#pragma once

#include <string>
#include <vector>

#include "analyzer/cluster/cluster.h"
#include "launch/emit/training/launch_target.h"

namespace sextant {

/// The machines of a plan in the order of its ranks. Those whose node the plan leaves to the
/// launcher are filled one after the other, pool by pool, as the estimators assume
/// (analyzer/training/sextant/placement.h); GPUs that the plan gives to a node are not given again.
/// Of `pools` type, zone, count and gpus_per_node are read. Throws Error(kBadInput) naming the pool
/// where the plan uses one that is not there, or more GPUs than it, or than one of its nodes, has.
std::vector<LaunchNode> node_layout(const Plan& plan, const std::vector<GpuPool>& pools);

/// "A100-40@hall/0": the key of LaunchOptions::hosts.
std::string machine_name(const LaunchNode& node);

/// Which of its machine's GPUs is the first of nodes[index]: those before it hold earlier ranks.
int first_gpu(const std::vector<LaunchNode>& nodes, std::size_t index);

/// What the ranks of a node do, for people: "stage 0 (layers 0-11): replicas 0-1, TP2".
std::string held_by(const LaunchNode& node, const Plan& plan);

}  // namespace sextant
