#pragma once

#include "planner/training/planner.h"

namespace sextant {

/// Varuna's search of depth and microbatch (Athlur et al., EuroSys'22) as Sailor's artifact has it,
/// quirks included.
const Planner& varuna_planner();

}  // namespace sextant
