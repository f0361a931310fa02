#pragma once

#include <string>

#include <CLI/CLI.hpp>

#include "analyzer/core/time_samples.h"

namespace sextant::cli {

/// Adds --max-noise, --min-samples and --time-limit to help group `group`; `of_what` is what the
/// limit is of: "each size".
void add_stopping_options(CLI::App& program, StoppingRule& rule, const std::string& of_what,
                          const std::string& group);

}  // namespace sextant::cli
