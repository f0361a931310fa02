#pragma once

#include <vector>

#include "analyzer/training/estimator.h"
#include "analyzer/training/sextant/placement.h"

namespace sextant {

/// Enters the memory of every stage's fullest GPU into a prediction whose stages are there: terms,
/// expectation, bound, and whether the bound fits everywhere.
void add_memory(const TrainingProblem& problem, const Plan& plan, const Placement& placement,
                const std::vector<std::vector<int>>& microbatches, Prediction& prediction);

/// Enters what each track's GPU holds as its spans come and go: at the start and the end of every
/// computation, its peak in between.
void add_memory(const TrainingProblem& problem, const Plan& plan,
                const std::vector<std::vector<int>>& microbatches, Timeline& timeline);

}  // namespace sextant
