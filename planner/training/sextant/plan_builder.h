#pragma once

#include <optional>
#include <vector>

#include "analyzer/training/estimator.h"
#include "planner/training/sextant/stage_search.h"

namespace sextant::search {

/// The plan that the stage choices describe: replicas put on nodes of the cluster, largest tensor
/// degrees first, the zones of a group one after the other; a mixed stage takes as many replicas of
/// its cheaper member as there is room for. Nothing where the nodes cannot hold it (degrees that
/// do not pack).
std::optional<Plan> build_plan(const TrainingProblem& problem, const StageTables& tables,
                               const ReplicaCount& count, const std::vector<StageChoice>& stages);

}  // namespace sextant::search
