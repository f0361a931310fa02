#pragma once

#include "analyzer/training/estimator.h"

namespace sextant {

/// The published simulator of Sailor (Strati et al., SOSP'25): iteration time, memory fit and USD
/// per iteration, formula by formula.
const Estimator& sailor_estimator();

}  // namespace sextant
