#pragma once

#include "analyzer/training/estimator.h"

namespace sextant {

/// The published cost model of Aceso (Liu et al., EuroSys 2024), which counts operators. The first
/// replica's GPU type stands for the whole plan, a stage's first replica for its tensor degree. On
/// Aceso's own tables where there are some, else on tables derived from the profile.
const Estimator& aceso_estimator();

}  // namespace sextant
