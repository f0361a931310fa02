#pragma once

// The scripts that published guides name, run where nothing else is, with programs that a test puts
// in their way.

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "analyzer/core/files.h"
#include "tests/cli/run_program.h"
#include "tests/support/temporary_folder.h"

namespace sextant::testing {

class GuideScripts : public ::testing::Test {
 protected:
  explicit GuideScripts(std::filesystem::path scripts) : scripts_(std::move(scripts)) {
    std::filesystem::create_directories(programs_);
    std::filesystem::create_directories(here_);
  }
  /// A program of this text, where the scripts look for theirs.
  void program(const std::string& name, const std::string& text) {
    write_file_atomically(programs_ / name, text);
    std::filesystem::permissions(programs_ / name, std::filesystem::perms::owner_all);
  }
  ProgramResult run(const std::string& script, const std::vector<std::string>& arguments,
                    const ProgramOptions& further = {}) {
    // The scripts leave what they make where one stands.
    std::vector<std::string> words = {"/bin/sh", "-c", "cd \"$0\" && exec \"$@\"", here_.string(),
                                      (scripts_ / script).string()};
    words.insert(words.end(), arguments.begin(), arguments.end());
    ProgramOptions options = further;
    options.environment.emplace_back("SEXTANT_BIN", programs_.string());
    return run_program(words, options);
  }
  /// What a file that the script made holds.
  std::string left(const std::string& file) const { return read_file(here_ / file); }

  std::filesystem::path scripts_;
  TemporaryFolder folder_;
  std::filesystem::path programs_ = folder_.path() / "a place for programs";
  std::filesystem::path here_ = folder_.path() / "out; touch x";
};

}  // namespace sextant::testing
