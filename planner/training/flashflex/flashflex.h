#pragma once

#include "planner/training/planner.h"

namespace sextant {

/// FlashFlex (Yan et al., arXiv:2409.01143, 2024; published as code of HexiScale) as Sailor's
/// evaluation runs it: METIS cuts the GPUs into pipelines and those into groups, for every number
/// of pipelines up to a fifth of the GPUs. PlannerOptions::seed 0 is the published seed. Where
/// Sextant was built without METIS, search throws Error(kBadInput).
const Planner& flashflex_planner();

}  // namespace sextant
