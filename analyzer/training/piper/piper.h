#pragma once

#include "analyzer/training/estimator.h"

namespace sextant {

/// The cost model of Piper (Tarnawski et al., NeurIPS 2021) in the version that Sailor (SOSP'25)
/// was compared with: the slowest stage sets the pace, and nothing fills or drains.
const Estimator& piper_estimator();

}  // namespace sextant
