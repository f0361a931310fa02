#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace sextant::testing {

struct ProgramResult {
  int exit_code = 0;  ///< 128 + the signal's number where one ended the program
  std::string out;
  std::string err;
};

struct ProgramOptions {
  /// Set on top of the test's own environment.
  std::vector<std::pair<std::string, std::string>> environment;
  /// The program is killed after this time, which shows as exit code 137.
  std::chrono::seconds timeout{120};
};

/// Runs a program (found in PATH where its name has no slash) with an empty stdin and collects what
/// it prints. Throws std::runtime_error where it cannot be started.
ProgramResult run_program(const std::vector<std::string>& arguments,
                          const ProgramOptions& options = {});

/// The same for the program `sextant` of this build, which comes first by itself.
ProgramResult run_sextant(std::vector<std::string> arguments, const ProgramOptions& options = {});

/// Path of a program of this build.
std::string built_program(const std::string& name);

}  // namespace sextant::testing
