#pragma once

#include "planner/training/planner.h"

namespace sextant {

/// The search of AMP (Li et al., NeurIPS 2022) in the version that Sailor (SOSP'25) was compared
/// with: all grids of tensor, data and pipeline degrees and microbatches over all whole machines of
/// one zone, layers split evenly, ordered by AMP's cost model (analyzer/training/amp), which knows
/// no memory: the first proposals may not fit.
const Planner& amp_planner();

}  // namespace sextant
