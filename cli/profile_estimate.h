#pragma once

#include "cli/commands.h"

namespace sextant::cli {

/// `sextant profile estimate`.
void add_profile_estimate(CLI::App& profile, Session& session);

}  // namespace sextant::cli
