#pragma once

#include "analyzer/training/estimator.h"

namespace sextant {

/// Our own model: the iteration simulated stage replica by stage replica and microbatch by
/// microbatch, with the schedule, transfers and synchronisation of the job's framework; memory term
/// by term; intervals from measured spreads. predict() throws Error(kInfeasible) instead of
/// Error(kBadInput) where nobody measured what the plan runs and it would not fit in memory anyway.
const Estimator& sextant_estimator();

}  // namespace sextant
