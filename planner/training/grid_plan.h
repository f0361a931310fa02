#pragma once

#include <vector>

#include "analyzer/cluster/cluster.h"
#include "analyzer/plan/plan.h"
#include "analyzer/training/estimator.h"

namespace sextant {

/// One pipeline of dp replicas of tp GPUs each in every stage, all of one pool. tp must not exceed
/// the GPUs of a node.
Plan grid_plan(const TrainingProblem& problem, int microbatch,
               const std::vector<LayerRange>& stages, int dp, int tp, const GpuPool& pool);

}  // namespace sextant
