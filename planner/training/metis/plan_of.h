#pragma once

// A candidate as a plan; private to this folder.

#include <vector>

#include "planner/training/metis/intra_stage.h"

namespace sextant::metis_search {

/// One pipeline; replica r of a stage has the r-th T ranks of the stage's group, on one machine
/// unless they lie on several nodes.
Plan plan_of(const TrainingProblem& problem, const std::vector<TypeStock>& stock,
             const std::vector<metis::Rank>& ranks, const Candidate& candidate);

}  // namespace sextant::metis_search
