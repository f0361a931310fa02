#pragma once

#include <vector>

#include "planner/training/explain/explanation.h"

namespace sextant {

/// The search's alternatives, at most `most`, and the plan itself with half and with twice its
/// microbatch, against the plan: what they lose and by which part, or why they cannot be.
std::vector<Rival> rivals(const PlannedJob& best, const TrainingProblem& problem, std::size_t most);

}  // namespace sextant
