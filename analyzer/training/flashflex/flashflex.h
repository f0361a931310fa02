#pragma once

#include "analyzer/training/estimator.h"

namespace sextant {

/// The cost model of FlashFlex (Yan et al., arXiv:2409.01143, 2024; published as code of HexiScale)
/// as Sailor's evaluation has it: iteration time and memory from a formula of the transformer and a
/// rating of each GPU type. It measures nothing.
const Estimator& flashflex_estimator();

}  // namespace sextant
