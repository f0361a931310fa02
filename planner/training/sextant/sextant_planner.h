#pragma once

#include "planner/training/planner.h"

namespace sextant {

/// Our own planner. For every microbatch size and number of replicas it finds the stage boundaries,
/// their order, and per stage the GPU type and tensor degree (or a mix of two) that minimise the
/// judging estimator's time or cost exactly, pruned by lower bounds; see stage_search.h for what is
/// searched. Needs an estimator with a separable view.
const Planner& sextant_planner();

}  // namespace sextant
