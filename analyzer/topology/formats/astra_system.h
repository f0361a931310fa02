#pragma once

#include <filesystem>

#include "analyzer/topology/simulation/step_simulation.h"

namespace sextant {

/// Enters in `network`, whose dimensions are there already, what ASTRA-sim's system text says of
/// algorithms, chunks, delay and scheduling; what it leaves out stays. Throws Error(kBadInput) with
/// file, line and key, also on what the simulator does not do.
void read_astra_system(const std::filesystem::path& path, SimulatedNetwork& network);

}  // namespace sextant
