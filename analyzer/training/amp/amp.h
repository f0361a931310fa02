#pragma once

#include "analyzer/training/estimator.h"

namespace sextant {

/// The cost model of AMP (Li et al., NeurIPS 2022) in the version that Sailor (SOSP'25) was
/// compared with: one grid of degrees, times linear in the microbatch, GPU types averaged, no
/// memory.
const Estimator& amp_estimator();

}  // namespace sextant
