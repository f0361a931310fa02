// What every subcommand gets from main(): help, versions, usage errors, and an honest stdout.
#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/run_program.h"

namespace sextant::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

struct UsageError {
  const char* what;
  std::vector<std::string> arguments;
  const char* message;
};

TEST(Frame, UsageErrorsExitTwoAndNameTheNearest) {
  const UsageError cases[] = {
      {"nothing asked", {}, "subcommand is required"},
      {"misspelt subcommand", {"docter"}, "unknown subcommand \"docter\"; did you mean doctor?"},
      {"nothing near", {"zzzzzzzzzz"}, "unknown subcommand \"zzzzzzzzzz\" (see sextant --help)"},
      {"misspelt option", {"doctor", "--jsom"}, "did you mean --json? (see sextant doctor --help)"},
      {"option with a value", {"reproduce", "--artefact=x"}, "did you mean --artifact?"},
      {"too many", {"doctor", "x"}, "unexpected argument \"x\""},
      {"value missing", {"reproduce", "sailor", "fig7", "--artifact"}, "--artifact"},
      {"hostile name", {"\n\x1b[31mforged"}, "\\x0a\\x1b[31mforged"},
  };
  for (const UsageError& one : cases) {
    SCOPED_TRACE(one.what);
    const ProgramResult result = run_sextant(one.arguments);
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_EQ(result.out, "");
    EXPECT_THAT(result.err, StartsWith("sextant: error: "));
    EXPECT_THAT(result.err, HasSubstr(one.message));
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1);
  }
}

TEST(Frame, AResultThatOutgrowsTheFileSizeLimitIsAnError) {
  const ProgramResult result = run_program(
      {"bash", "-c", "f=$(mktemp); ulimit -f 0; \"$0\" doctor > $f; code=$?; rm $f; exit $code",
       built_program("sextant")});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr("stdout cannot be written: "));
}

TEST(Frame, HelpAndVersionGoToStdout) {
  const ProgramResult version = run_sextant({"--version"});
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_EQ(version.err, "");
  EXPECT_THAT(version.out, StartsWith("sextant " SEXTANT_VERSION "\n"));
  EXPECT_THAT(version.out, HasSubstr("device programs: "));
  const ProgramResult help = run_sextant({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_THAT(help.out, HasSubstr("doctor"));
  const ProgramResult doctor_help = run_sextant({"doctor", "--help"});
  EXPECT_EQ(doctor_help.exit_code, 0);
  EXPECT_THAT(doctor_help.out, HasSubstr("--json"));
}

ProgramResult in_shell(const std::string& script) {
  return run_program({"bash", "-c", script, built_program("sextant")});
}

TEST(Frame, AReaderThatIsGoneIsNoError) {
  const ProgramResult result =
      in_shell("{ sleep 0.2; \"$0\" --help; } | true; exit ${PIPESTATUS[0]}");
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.err, "");
}

TEST(Frame, AnUnwritableStdoutIsAnError) {
  for (const char* place : {">/dev/full", ">&-"}) {
    const ProgramResult result = in_shell(std::string("\"$0\" doctor --json ") + place);
    EXPECT_EQ(result.exit_code, 3) << place;
    EXPECT_THAT(result.err, HasSubstr("stdout cannot be written: ")) << place;
  }
}

}  // namespace
}  // namespace sextant::testing
