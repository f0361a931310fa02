#pragma once

#include "analyzer/cluster/cluster.h"
#include "analyzer/plan/plan.h"

namespace sextant {

/// What the GPUs of the plan cost for one iteration. Machines in pools that the cluster does not
/// have cost nothing.
double gpu_usd(const Cluster& cluster, const Plan& plan, double iteration_s);

}  // namespace sextant
