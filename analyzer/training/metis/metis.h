#pragma once

#include "analyzer/training/estimator.h"

namespace sextant {

/// The cost and memory model of Metis (Um et al., USENIX ATC'24), as Sailor's artifact runs it: see
/// metis/model.h. A plan is one pipeline; the tensor degree of a stage is its first replica's. On
/// published tables it agrees with the recorded estimates to rounding.
const Estimator& metis_estimator();

}  // namespace sextant
