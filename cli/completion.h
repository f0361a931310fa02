#pragma once

#include <string>

#include "cli/command_tree.h"

namespace sextant::cli {

/// Scripts that complete the program's subcommands, options and their values in a shell. Options
/// are offered once a dash is typed.
std::string bash_completion(const DocumentedCommand& program);
std::string zsh_completion(const DocumentedCommand& program);
std::string fish_completion(const DocumentedCommand& program);

}  // namespace sextant::cli
