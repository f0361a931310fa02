// Equal inputs give equal bytes where the decimal separator is a comma.
#include <cstdlib>
#include <filesystem>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/cli/run_program.h"
#include "tests/support/project_paths.h"

namespace sextant::testing {
namespace {

/// German conventions, compiled into a folder of our own: needs no right to change the system.
class ForeignLocale : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(folder_);
    const std::string compiled = (folder_ / "de_DE.UTF-8").string();
    const ProgramResult result = run_program(
        {"bash", "-c",
         "localedef -i de_DE -f UTF-8 \"$0\" && LC_ALL=de_DE.UTF-8 locale decimal_point", compiled},
        german_);
    if (result.out.find(',') == std::string::npos) {
      GTEST_SKIP() << "no German locale can be compiled (Debian package locales): " << result.err;
    }
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("sextant-locale-" + std::to_string(::getpid()));
  const ProgramOptions german_{.environment = {{"LOCPATH", folder_.string()},
                                               {"LC_ALL", "de_DE.UTF-8"},
                                               {"LANGUAGE", "de"},
                                               {"TZ", "Asia/Kathmandu"}}};
};

TEST_F(ForeignLocale, StdoutHasTheSameBytes) {
  const std::string profiles = sextant::source_path("profiles");
  const std::string cluster = profiles + "/clusters/geo.json";
  const std::string job = profiles + "/jobs/opt-350m.json";
  const std::vector<std::string> cases[] = {
      {"--help"},
      {"doctor", "--no-timing"},
      {"doctor", "--json", "--no-timing"},
      {"model", "list"},
      {"model", "show", "Llama-3-8B"},
      {"model", "show", "Llama-3-8B", "--json"},
      {"cluster", "show", cluster},
      {"cluster", "show", cluster, "--json"},
      {"plan", "--cluster", cluster, "--job", job, "--planner", "all", "--tokens", "1.5B",
       "--max-evaluations", "300000"},
      {"plan", "--cluster", cluster, "--job", job, "--json", "--no-timing", "--max-cost", "0.75",
       "--max-evaluations", "300000"},
  };
  for (const std::vector<std::string>& arguments : cases) {
    SCOPED_TRACE(arguments.front());
    const ProgramResult plain = run_sextant(arguments, {.environment = {{"LC_ALL", "C"}}});
    const ProgramResult german = run_sextant(arguments, german_);
    EXPECT_EQ(plain.exit_code, 0) << plain.err;
    EXPECT_EQ(german.exit_code, 0) << german.err;
    EXPECT_EQ(plain.out, german.out);
  }
}

}  // namespace
}  // namespace sextant::testing
