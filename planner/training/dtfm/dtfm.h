#pragma once

#include "planner/training/planner.h"

namespace sextant {

/// DT-FM (Yuan et al., NeurIPS'22) as Sailor's artifact has it: a genetic search for which GPU
/// works on which stage, by what the links between them cost.
const Planner& dtfm_planner();

}  // namespace sextant
