#pragma once

// What the tests of `sextant serve` share.

#include <string>
#include <vector>

#include "tests/cli/run_program.h"
#include "tests/support/project_paths.h"

namespace sextant::testing {

/// The shipped cluster that serves, and its model: eight machines with one GPU, four with two.
inline const std::string kMixedCluster = source_path("profiles/clusters/serving-mixed.json");
inline const std::string kServedModel = "Llama-2-70B";

/// `sextant serve <words>`.
inline ProgramResult serve(std::vector<std::string> words) {
  words.insert(words.begin(), "serve");
  return run_sextant(std::move(words));
}

/// The words with further ones behind them.
inline std::vector<std::string> with(std::vector<std::string> words,
                                     const std::vector<std::string>& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

/// Places the model on the shipped cluster; the quickest method where none is named.
inline ProgramResult place_mixed(const std::vector<std::string>& more) {
  return serve(with({"place", "--cluster", kMixedCluster, "--model", kServedModel}, more));
}

}  // namespace sextant::testing
