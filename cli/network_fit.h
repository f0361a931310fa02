#pragma once

#include "cli/commands.h"

namespace sextant::cli {

/// Declares `sextant network fit`; without Ceres it says what it lacks.
void add_network_fit(CLI::App& network, Session& session);

}  // namespace sextant::cli
