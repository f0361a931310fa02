#pragma once

#include <optional>

#include "planner/training/planner.h"

namespace sextant {

/// How much better than the answer a plan of the searched space may be at most, as a fraction of
/// the answer's iterations/s, of the bound's USD or of the bound's GPUs; 0 = none is better.
/// Nothing where the planner proves nothing of that objective.
std::optional<double> gap(const PlannedJob& answer, Objective objective);

/// Whether that is nothing but rounding.
bool proved_best(const PlannedJob& answer, Objective objective);

}  // namespace sextant
