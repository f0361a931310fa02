// The scripts of launch/sailor/profiling: their arguments, what they start, what they leave.
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/files.h"
#include "tests/cli/run_program.h"
#include "tests/profile/export_points.h"
#include "tests/support/project_paths.h"
#include "tests/support/temporary_folder.h"

namespace sextant {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const fs::path kScripts = fs::path(sextant::source_path("launch/sailor/profiling"));

class ProfilingScripts : public ::testing::Test {
 protected:
  ProfilingScripts() {
    // A folder of programs: ours, and a profile_model that says how it was started.
    fs::create_directories(programs_);
    fs::create_symlink(testing::built_program("sextant"), programs_ / "sextant");
    write_text(programs_ / "profile_model",
               "#!/bin/sh\nfor word in \"$@\"; do printf '%s|' \"$word\"; done\n");
    fs::permissions(programs_ / "profile_model", fs::perms::owner_all);
    for (const PointDocument& point : export_grid()) {
      write_text(points_ / point_file_name(point.key), point_document_text(point));
    }
  }
  testing::ProgramResult run(const std::string& script, std::vector<std::string> arguments,
                             const fs::path& programs) {
    arguments.insert(arguments.begin(), (kScripts / script).string());
    testing::ProgramOptions options;
    options.environment = {{"SEXTANT_BIN", programs.string()}};
    return run_program(arguments, options);
  }
  testing::ProgramResult run(const std::string& script, std::vector<std::string> arguments) {
    return run(script, std::move(arguments), programs_);
  }
  bool left(const std::string& file) const { return fs::is_regular_file(out_ / file); }

  TemporaryFolder folder_;
  fs::path programs_ = folder_.path() / "a place for programs";
  fs::path points_ = folder_.path() / "my points";
  fs::path out_ = folder_.path() / "out; touch x";
};

TEST_F(ProfilingScripts, SayWhatTheyTake) {
  for (const char* script : {"profile_varuna.sh", "profile_galvatron.sh", "generate_varuna.sh",
                             "generate_galvatron.sh", "generate.sh"}) {
    SCOPED_TRACE(script);
    const auto help = run(script, {"--help"});
    EXPECT_EQ(help.exit_code, 0) << help.err;
    EXPECT_THAT(help.out, StartsWith(script));
    const auto wrong = run(script, {"1", "2", "3", "4", "5"});
    EXPECT_EQ(wrong.exit_code, 2);
    EXPECT_THAT(wrong.err, AllOf(StartsWith(std::string(script) + ": error: "),
                                 HasSubstr("expected"), EndsWith(help.out)));
  }
  EXPECT_EQ(run("profile_varuna.sh", {"OPT-350M"}).exit_code, 2);
  EXPECT_EQ(run("generate_varuna.sh", {}).exit_code, 2);
  EXPECT_EQ(run("generate.sh", {"AMP", "A100-40"}).exit_code, 2);
}

TEST_F(ProfilingScripts, SayWhichProgramIsMissing) {
  const fs::path nothing = folder_.path() / "nothing";
  fs::create_directories(nothing);
  const auto profile = run("profile_varuna.sh", {"OPT-350M", "points"}, nothing);
  EXPECT_EQ(profile.exit_code, 3);
  EXPECT_THAT(profile.err, HasSubstr("no profile_model in SEXTANT_BIN"));
  EXPECT_EQ(run("generate_galvatron.sh", {}, nothing).exit_code, 3);
}

TEST_F(ProfilingScripts, StartProfileModel) {
  const std::string dir = points_.string();
  EXPECT_EQ(
      run("profile_varuna.sh", {"OPT-350M", dir, "--tp", "1,2"}).out,
      "--model|OPT-350M|--flat|--resume|--out|" + dir + "|--tp|1,2|--no-operators|--dtype|fp32|");
  EXPECT_EQ(
      run("profile_galvatron.sh", {"OPT-350M", dir}).out,
      "--model|OPT-350M|--flat|--resume|--out|" + dir + "|--no-operators|--mbs|1|--dtype|fp32|");
  // What is given stands before what is usual.
  EXPECT_EQ(
      run("profile_galvatron.sh", {"OPT-350M", dir, "--mbs=1,2", "--dtype", "bf16"}).out,
      "--model|OPT-350M|--flat|--resume|--out|" + dir + "|--mbs=1,2|--dtype|bf16|--no-operators|");
}

TEST_F(ProfilingScripts, ArePlansThatProfileModelTakes) {
  const std::string built = testing::built_program("profile_model");
  if (!fs::exists(built)) GTEST_SKIP() << "profile_model is not built";
  const fs::path programs = fs::path(built).parent_path();
  for (const char* script : {"profile_varuna.sh", "profile_galvatron.sh"}) {
    const auto planned = run(script,
                             {"OPT-350M", out_.string(), "--tp", "1,2", "--collectives", "recorded",
                              "--gpu-type", "A100-40", "--plan-only"},
                             programs);
    EXPECT_EQ(planned.exit_code, 0) << script << ": " << planned.err;
  }
}

TEST_F(ProfilingScripts, WriteTheBaselinesFiles) {
  const std::string points = points_.string();
  auto result = run("generate_varuna.sh", {points, "-o", out_.string()});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(left("Varuna/profiles/toy/A100-40/profile_2.json"));
  result = run("generate_galvatron.sh",
               {points, "--overlap-coefficient", "1.3", "--output=" + out_.string()});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(left("Galvatron/profiles/toy/A100-40/memory_profile.json"));
  EXPECT_THAT(read_file(out_ / "Galvatron/overlap_coe_dicts.json"), HasSubstr("1.3"));
  for (const auto& [baseline, file] :
       {std::pair{"AMP", "AMP/profiles/toy/A100-40/profile_1.npy"},
        {"Metis", "Metis/profiles/toy/A100-40/mbs2_tmp4.json"},
        {"Piper", "Piper/profiles/toy/A100-40/profile.json"},
        {"Aceso", "Aceso/profiler/A100-40/profiled-data-fp32/toy_mbs1_tp2_algo0.csv"},
        {"FlashFlex", "FlashFlex/src/machine_amounts.json"},
        {"sailor", "sailor/Planner/llm_info.json"}}) {
    result = run("generate.sh", {baseline, "A100-40", "8", points, "-o", out_.string()});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_TRUE(left(file)) << file;
  }
  EXPECT_THAT(read_file(out_ / "FlashFlex/src/machine_amounts.json"), HasSubstr("\"8\": 0"));
  EXPECT_EQ(run("generate.sh", {"Oobleck", "A100-40", "8", points}).exit_code, 2);
  EXPECT_EQ(run("generate.sh", {"AMP", "T4", "8", points}).exit_code, 3);
  EXPECT_EQ(run("generate.sh", {"AMP", "A100-40", "many", points}).exit_code, 2);
}

}  // namespace
}  // namespace sextant
