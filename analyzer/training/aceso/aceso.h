#pragma once

#include "analyzer/training/estimator.h"

namespace sextant {

/// The published cost model of Aceso (Liu et al., EuroSys 2024), which counts operators: plans of
/// one GPU type whose stages have one tensor degree each. On its own tables where there are some,
/// else on tables derived from the profile.
const Estimator& aceso_estimator();

}  // namespace sextant
