#pragma once

#include <vector>

#include "planner/training/explain/explanation.h"

namespace sextant {

/// What the plan's own prediction says: where the time goes, the slowest stage, the fullest GPU,
/// GPUs that are left, and the job's bounds.
std::vector<Binding> bindings(const TrainingProblem& problem, const Plan& plan,
                              const Prediction& prediction);

}  // namespace sextant
