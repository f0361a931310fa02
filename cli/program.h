#pragma once

#include <functional>

#include <CLI/CLI.hpp>

namespace sextant::cli {

/// main() of every program of ours: adds --version and --completion, parses the command line of
/// `program`, runs `action` and returns its exit code. Help and version go to stdout. Every failure
/// becomes one line on stderr and the exit code that belongs to it; a wrong command line is
/// answered with the nearest legal name. A reader of stdout that is gone ends the program quietly
/// with 0.
int program_main(CLI::App& program, int argc, char** argv, const std::function<int()>& action);

}  // namespace sextant::cli
