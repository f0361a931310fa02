#pragma once

#include <string>
#include <vector>

#include "cli/command_tree.h"

namespace sextant::cli {

/// A page of the manual, section 1.
struct ManualPage {
  std::string file;  ///< "sextant-network-fit.1"
  std::string text;  ///< in the macros of man(7), ASCII
};

/// A page for the program and one for each subcommand.
std::vector<ManualPage> manual_pages(const DocumentedCommand& program);

}  // namespace sextant::cli
