#pragma once

#include <string>
#include <vector>

#include "planner/training/planner.h"
#include "planner/training/sextant/candidate.h"

namespace sextant::search {

/// Why a complete search found nothing: what binds, and by how much.
std::string why_infeasible(const TrainingProblem& problem, const Estimator& judge,
                           const std::vector<Scenario>& scenarios);

}  // namespace sextant::search
