#pragma once

#include "planner/training/planner.h"

namespace sextant {

/// Aceso's published search (Liu et al., EuroSys 2024): for every number of stages, from a balanced
/// start, moves that relieve the bottleneck stage, on operators and in one pool of GPUs. Its clock
/// is a budget of evaluations here. What it chooses at random depends on PlannerOptions::seed.
const Planner& aceso_planner();

}  // namespace sextant
