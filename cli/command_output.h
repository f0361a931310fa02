#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace sextant::cli {

/// What a command of the system said.
struct CommandOutput {
  bool started = false;  ///< false: it is not in PATH
  int exit_code = 0;     ///< 128 + the signal's number where one ended it
  std::string out;
  std::string err;  ///< its first 4 KiB
};

/// Runs a command that is found in PATH, without a shell, with an empty stdin. It is killed after
/// `timeout`, which shows as exit code 137. Throws Error(kBadInput) where the system has no process
/// to give or the output exceeds 256 MiB.
CommandOutput output_of(const std::vector<std::string>& words,
                        std::chrono::seconds timeout = std::chrono::seconds(60));

}  // namespace sextant::cli
