#pragma once

#include "reproduce/reproduction.h"

namespace sextant {

/// "astra".
ExperimentName libra_astra_experiment();

/// Every recorded run of ASTRA-sim, simulated again.
Reproduction reproduce_libra_astra(const ReproduceOptions& options);

}  // namespace sextant
