#pragma once

#include "cli/commands.h"

namespace sextant::cli {

/// Subcommands of `sextant profile` that have a file of their own.
void add_profile_compare(CLI::App& profile, Session& session);
void add_profile_estimate(CLI::App& profile, Session& session);

}  // namespace sextant::cli
