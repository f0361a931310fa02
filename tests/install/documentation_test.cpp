// The manual and the completion of the shells, held against --help and tried in the tools that read
// them.
#include <filesystem>
#include <map>
#include <regex>
#include <sstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/files.h"
#include "tests/cli/run_program.h"
#include "tests/support/temporary_folder.h"

namespace sextant::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;

const char* const kPrograms[] = {"sextant", "gather_profs", "profile_model"};

/// What --help says of a program or subcommand.
struct Help {
  std::vector<std::string> options;      ///< "--output", "-o"
  std::vector<std::string> subcommands;  ///< names
};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

Help help_of(std::vector<std::string> command) {
  command[0] = built_program(command[0]);
  command.push_back("--help");
  Help help;
  std::string section;
  for (const std::string& line : lines_of(run_program(command).out)) {
    if (!line.empty() && line[0] != ' ') section = line;
    std::istringstream words(line);
    std::string first;
    words >> first;
    if (line.rfind("  ", 0) != 0 || line.rfind("   ", 0) == 0) continue;
    if (section == "Subcommands:") help.subcommands.push_back(first);
    if (first[0] != '-') continue;
    std::istringstream names(first);
    for (std::string name; std::getline(names, name, ',');) help.options.push_back(name);
  }
  return help;
}

/// Every command of the programs: "sextant", "sextant plan", …
std::vector<std::vector<std::string>> all_commands() {
  std::vector<std::vector<std::string>> commands;
  for (const char* program : kPrograms) commands.push_back({program});
  for (std::size_t i = 0; i < commands.size(); ++i) {
    for (const std::string& child : help_of(commands[i]).subcommands) {
      commands.push_back(commands[i]);
      commands.back().push_back(child);
    }
  }
  return commands;
}

std::string joined(const std::vector<std::string>& words, const char* separator) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : separator) + word;
  return out;
}

bool is_there(const std::string& tool) {
  return run_program({"bash", "-c", "command -v " + tool}).exit_code == 0;
}

class Documentation : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    share_ = std::make_unique<TemporaryFolder>();
    for (const char* program : kPrograms) {
      const ProgramResult result =
          run_program({built_program(program), "--write-documentation", share_->path().string()});
      ASSERT_EQ(result.exit_code, 0) << result.err;
      ASSERT_EQ(result.out + result.err, "");
    }
  }
  static void TearDownTestSuite() { share_.reset(); }

  static fs::path share() { return share_->path(); }
  static fs::path manual() { return share_->path() / "man" / "man1"; }

 private:
  static std::unique_ptr<TemporaryFolder> share_;
};

std::unique_ptr<TemporaryFolder> Documentation::share_;

TEST_F(Documentation, APageForEveryCommandHasTheOptionsOfItsHelpAndNoOther) {
  const std::vector<std::vector<std::string>> commands = all_commands();
  EXPECT_GT(commands.size(), 30u);
  for (const std::vector<std::string>& command : commands) {
    SCOPED_TRACE(joined(command, " "));
    const std::string page = read_file(manual() / (joined(command, "-") + ".1"));
    // \fB\-\-output\fR
    std::vector<std::string> described;
    const std::regex option(R"(\\fB((?:\\-)[^ ]*?)\\fR)");
    for (std::sregex_iterator it(page.begin(), page.end(), option), end; it != end; ++it) {
      described.push_back(std::regex_replace((*it)[1].str(), std::regex(R"(\\-)"), "-"));
    }
    const Help help = help_of(command);
    EXPECT_THAT(help.options, Contains("--help"));
    EXPECT_THAT(described, ::testing::UnorderedElementsAreArray(help.options));
    for (const std::string& child : help.subcommands) {
      EXPECT_THAT(page, HasSubstr("\\fB" + std::regex_replace(child, std::regex("-"), "\\-")));
    }
  }
  EXPECT_EQ(std::distance(fs::directory_iterator(manual()), fs::directory_iterator()),
            static_cast<std::ptrdiff_t>(commands.size()));
}

TEST_F(Documentation, PagesAreFormattedWithoutAWarning) {
  if (!is_there("groff")) GTEST_SKIP() << "no groff";
  for (const fs::directory_entry& page : fs::directory_iterator(manual())) {
    const ProgramResult result =
        run_program({"groff", "-man", "-ww", "-Tutf8", "-z", page.path().string()});
    EXPECT_EQ(result.exit_code, 0) << page.path();
    EXPECT_EQ(result.err, "") << page.path();
  }
}

TEST_F(Documentation, APageReadsAsTheHelpDoes) {
  if (!is_there("groff")) GTEST_SKIP() << "no groff";
  const ProgramResult page = run_program(
      {"groff", "-man", "-Tutf8", "-P-cbou", "-rLL=200n", (manual() / "sextant-plan.1").string()});
  EXPECT_THAT(page.out, HasSubstr("Find the plan that trains a model best on a cluster"));
  EXPECT_THAT(page.out, HasSubstr("--objective TEXT:{throughput,cost,gpus}\n"));
  EXPECT_THAT(page.out, HasSubstr("--planner NAME,…"));
  EXPECT_THAT(page.out, HasSubstr("-o, --output FILE\n"));
}

/// What bash offers for these words, of which the last is being typed.
std::vector<std::string> offered(const fs::path& script, const std::vector<std::string>& words) {
  std::string array;
  for (const std::string& word : words) array += " '" + word + "'";
  const ProgramResult result = run_program(
      {"bash", "--norc", "-c",
       fmt::format("set -u; . {}; COMPREPLY=(); COMP_WORDS=({}); COMP_CWORD={}; _{}; "
                   "[ ${{#COMPREPLY[@]}} -eq 0 ] || printf '%s\\n' \"${{COMPREPLY[@]}}\"",
                   script.string(), array, words.size() - 1, words[0])});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.err, "");
  return lines_of(result.out);
}

TEST_F(Documentation, BashCompletesSubcommandsOptionsAndValues) {
  const fs::path scripts = share() / "bash-completion" / "completions";
  const fs::path script = scripts / "sextant";
  EXPECT_THAT(offered(script, {"sextant", "pl"}), ElementsAre("plan"));
  EXPECT_EQ(offered(script, {"sextant", ""}), help_of({"sextant"}).subcommands);
  EXPECT_THAT(offered(script, {"sextant", "network", "f"}), ElementsAre("fit"));
  EXPECT_THAT(offered(script, {"sextant", "plan", "--max-"}),
              IsSupersetOf({"--max-cost", "--max-evaluations"}));
  EXPECT_THAT(offered(script, {"sextant", "plan", "--objective", ""}),
              ElementsAre("throughput", "cost", "gpus"));
  EXPECT_THAT(offered(script, {"sextant", "plan", "--objective", "=", "co"}), ElementsAre("cost"));
  EXPECT_THAT(offered(script, {"sextant", "plan", "--objective", "="}),
              ElementsAre("throughput", "cost", "gpus"));
  // Where a file is due bash completes by itself; nothing else is offered.
  EXPECT_THAT(offered(script, {"sextant", "plan", "--cluster", ""}), IsEmpty());
  EXPECT_THAT(offered(script, {"sextant", "plan", "--cluster", "a.json", "--objective", "g"}),
              ElementsAre("gpus"));
  EXPECT_THAT(offered(scripts / "gather_profs", {"gather_profs", "--mo"}),
              ElementsAre("--model-name"));
}

TEST_F(Documentation, BashOffersEveryOptionOfTheHelp) {
  for (const std::vector<std::string>& command : all_commands()) {
    std::vector<std::string> words = command;
    words.push_back("-");
    EXPECT_THAT(offered(share() / "bash-completion" / "completions" / command[0], words),
                ::testing::UnorderedElementsAreArray(help_of(command).options))
        << joined(command, " ");
  }
}

TEST_F(Documentation, ScriptsPassTheirShellsOwnCheck) {
  const std::map<std::string, std::vector<std::string>> checks = {
      {"bash-completion/completions/{}", {"shellcheck", "--shell=bash"}},
      {"zsh/site-functions/_{}", {"zsh", "-n"}},
      {"fish/vendor_completions.d/{}.fish", {"fish", "--no-execute"}}};
  for (const auto& [place, check] : checks) {
    if (!is_there(check[0])) continue;
    for (const char* program : kPrograms) {
      std::vector<std::string> command = check;
      command.push_back((share() / fmt::format(fmt::runtime(place), program)).string());
      const ProgramResult result = run_program(command);
      EXPECT_EQ(result.exit_code, 0) << command.back();
      EXPECT_EQ(result.out + result.err, "") << command.back();
    }
  }
}

TEST(Completion, IsPrintedForThreeShells) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const ProgramResult result = run_sextant({"--completion", shell});
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_THAT(result.out, HasSubstr("objective"));
    EXPECT_THAT(result.out, Not(HasSubstr("write-documentation")));
  }
  EXPECT_EQ(run_sextant({"--completion", "tcsh"}).exit_code, 2);
}

}  // namespace
}  // namespace sextant::testing
