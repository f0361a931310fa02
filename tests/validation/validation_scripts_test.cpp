// The scripts of launch/sailor/validation and launch/sailor/clariden/process_results.sh: their
// arguments, what they start, what they leave.
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/files.h"
#include "tests/support/guide_scripts.h"
#include "tests/support/project_paths.h"
#include "tests/support/reference_data.h"

namespace sextant {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

/// Says how it was started.
constexpr const char* kFakeSextant = R"(#!/bin/sh
for word in "$@"; do printf '%s|' "$word"; done
echo
exit ${FAKE_STATUS:-0}
)";

class ValidationScripts : public testing::GuideScripts {
 protected:
  ValidationScripts() : GuideScripts(source_path("launch/sailor")) {
    program("sextant", kFakeSextant);
  }
  void use_the_real_one() {
    fs::remove(programs_ / "sextant");
    fs::create_symlink(testing::built_program("sextant"), programs_ / "sextant");
  }
};

TEST_F(ValidationScripts, SayWhatTheyTake) {
  for (const std::string script :
       {"validation/run_gh200_mem.sh", "validation/run_gh200_time.sh", "validation/run_het_time.sh",
        "validation/plot_box", "clariden/process_results.sh"}) {
    SCOPED_TRACE(script);
    const std::string name = script.substr(script.find('/') + 1);
    const auto help = run(script, {"--help"});
    EXPECT_EQ(help.exit_code, 0) << help.err;
    EXPECT_THAT(help.out, StartsWith(name));
    const auto wrong = run(script, {"1", "2", "3", "4"});
    EXPECT_EQ(wrong.exit_code, 2);
    EXPECT_THAT(wrong.err,
                AllOf(StartsWith(name + ": error: "), HasSubstr("expected"), EndsWith(help.out)));
  }
  EXPECT_THAT(run("validation/plot_box", {"d", "speed"}).err, HasSubstr("expected mem or time"));
  EXPECT_EQ(run("validation/run_het_time.sh", {"--csv", "x"}).exit_code, 2);
  fs::remove(programs_ / "sextant");
  EXPECT_EQ(run("validation/plot_box", {"d", "time"}).exit_code, 3);
  EXPECT_EQ(run("clariden/process_results.sh", {"d", "o"}).exit_code, 3);
}

struct Line {
  const char* script;
  const char* figure;
  const char* kind;
};
constexpr Line kLines[] = {{"validation/run_gh200_mem.sh", "fig5a", "mem"},
                           {"validation/run_gh200_time.sh", "fig5b", "time"},
                           {"validation/run_het_time.sh", "fig6", "time"}};

TEST_F(ValidationScripts, StartTheRightWords) {
  for (const Line& line : kLines) {
    SCOPED_TRACE(line.script);
    const std::string folder = std::string("ae_results/validation/") + line.figure;
    const auto result = run(line.script, {"--artifact", "an artifact"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(left(folder + "/validation.json"), std::string("reproduce|sailor|") + line.figure +
                                                     "|--json|--no-timing|--csv|" + folder +
                                                     "/validation.csv|--plot|" + folder + "/box_" +
                                                     line.kind + ".svg|--artifact|an artifact|\n");
    EXPECT_EQ(result.out, "validate|--from|" + folder + "/validation.json|\n");
  }
  EXPECT_EQ(run("validation/plot_box", {"d", "mem"}).out,
            "validate|--from|d/validation.json|--quantity|memory|--plot|d/box_mem.svg|\n");
  EXPECT_EQ(run("validation/plot_box", {"d", "time", "o.png", "--json"}).out,
            "validate|--from|d/validation.json|--quantity|time|--plot|o.png|--json|\n");
  EXPECT_EQ(run("clariden/process_results.sh", {"my results", "o"}).out,
            "measured|my results|--output|o|\n");
}

TEST_F(ValidationScripts, LeaveNothingOfWhatFailed) {
  testing::ProgramOptions options;
  options.environment = {{"FAKE_STATUS", "3"}};
  EXPECT_EQ(run("validation/run_het_time.sh", {}, options).exit_code, 3);
  EXPECT_FALSE(fs::exists(here_ / "ae_results/validation/fig6/validation.json"));
  // Some rows without a prediction are a result.
  options.environment = {{"FAKE_STATUS", "5"}};
  EXPECT_EQ(run("validation/run_het_time.sh", {}, options).exit_code, 5);
  EXPECT_TRUE(fs::exists(here_ / "ae_results/validation/fig6/validation.json"));
}

TEST_F(ValidationScripts, LeaveTheFigures) {
  const auto data = reference_data("sailor");
  SEXTANT_NEEDS(data);
  use_the_real_one();
  for (const Line& line : kLines) {
    SCOPED_TRACE(line.script);
    const std::string folder = std::string("ae_results/validation/") + line.figure;
    const auto result = run(line.script, {"--artifact", data.string()});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    EXPECT_THAT(result.out, HasSubstr("under-predicted"));
    EXPECT_THAT(left(folder + "/validation.csv"), StartsWith("config,quantity,estimator"));
    EXPECT_THAT(left(folder + "/box_" + line.kind + ".svg"), HasSubstr("<svg"));
    const auto drawn = run("validation/plot_box", {folder, line.kind, "again.svg"});
    ASSERT_EQ(drawn.exit_code, 0) << drawn.err;
    EXPECT_THAT(left("again.svg"), HasSubstr("Evidence: replayed."));
  }
  const auto other = run("validation/plot_box", {"ae_results/validation/fig6", "mem"});
  EXPECT_EQ(other.exit_code, 3);
  EXPECT_THAT(other.err, HasSubstr("none of its rows is asked for"));
}

}  // namespace
}  // namespace sextant
