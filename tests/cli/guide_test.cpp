// What the guides tell a reader to type exists: every command line of README.md and docs/ that
// starts one of our programs names a subcommand and options that its --help knows.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/run_program.h"
#include "tests/support/project_paths.h"

namespace sextant::testing {
namespace {

using ::testing::HasSubstr;

/// The words after `program` of a command line such as "./setup && build/cpu/bin/sextant plan …";
/// empty where it does not start the program.
std::vector<std::string> arguments_of(const std::string& line, const std::string& program) {
  std::istringstream words(line);
  std::vector<std::string> arguments;
  bool started = false;
  for (std::string word; words >> word;) {
    if (word == "&&" || word == "|" || word == ">") {
      if (started) break;
    } else if (started) {
      arguments.push_back(word);
    } else {
      started = word == program || word == "build/cpu/bin/" + program;
    }
  }
  return arguments;
}

std::vector<std::filesystem::path> guides() {
  std::vector<std::filesystem::path> found = {sextant::source_path("README.md")};
  for (const auto& entry : std::filesystem::directory_iterator(sextant::source_path("docs"))) {
    found.push_back(entry.path());
  }
  return found;
}

/// Holds one command line of a guide against the program's own help.
void expect_known(const std::string& program, const std::vector<std::string>& arguments) {
  const std::vector<std::string> nesting = {"model",   "profile", "network",
                                            "cluster", "topo",    "serve"};
  std::vector<std::string> help = {built_program(program)};
  if (program == "sextant") {
    help.push_back(arguments[0]);
    const bool nested = std::find(nesting.begin(), nesting.end(), arguments[0]) != nesting.end();
    if (nested && arguments.size() > 1) help.push_back(arguments[1]);
  }
  help.emplace_back("--help");
  const ProgramResult result = run_program(help);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  for (const std::string& word : arguments) {
    if (word.rfind("--", 0) == 0) {
      EXPECT_THAT(result.out, HasSubstr(word + " "));
    } else if (word.rfind("profiles/", 0) == 0 && word.find(".json") != std::string::npos) {
      EXPECT_TRUE(std::filesystem::exists(sextant::source_path() + "/" + word)) << word;
    }
  }
}

TEST(Guides, CommandsAndOptionsExist) {
  int commands = 0;
  for (const std::filesystem::path& guide : guides()) {
    std::ifstream in(guide);
    bool fenced = false;
    for (std::string line; std::getline(in, line);) {
      if (line.rfind("```", 0) == 0) fenced = !fenced;
      if (!fenced) continue;
      for (const char* program : {"sextant", "gather_profs"}) {
        const std::vector<std::string> arguments = arguments_of(line, program);
        if (arguments.empty()) continue;
        SCOPED_TRACE(guide.string() + ": " + line);
        expect_known(program, arguments);
        ++commands;
      }
    }
  }
  EXPECT_GT(commands, 5);
}

}  // namespace
}  // namespace sextant::testing
