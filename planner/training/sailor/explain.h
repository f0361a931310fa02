#pragma once

#include <string>

#include "analyzer/training/estimator.h"
#include "planner/training/sailor/layer_tables.h"
#include "planner/training/sailor/resources.h"

namespace sextant::sailor_search {

/// Why a complete search proposed nothing: which of memory, number of GPUs and the job's bound
/// binds, and by how much. `over_bound` plans were found that miss the job's bound.
std::string why_infeasible(const TrainingProblem& problem, const Resources& resources,
                           const LayerTables& tables, int over_bound);

}  // namespace sextant::sailor_search
