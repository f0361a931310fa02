#pragma once

#include "reproduce/reproduction.h"

namespace sextant {

/// Names and descriptions of the experiments of Helix's artifact (ASPLOS'25).
std::vector<ExperimentName> helix_experiments();

/// Simulates the recorded placements, and placements of our own beside them.
Reproduction reproduce_helix(const std::string& experiment, const ReproduceOptions& options);

}  // namespace sextant
