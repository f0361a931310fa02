#include <filesystem>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/json_document.h"
#include "tests/cli/run_program.h"
#include "tests/support/temporary_folder.h"

namespace sextant::testing {
namespace {

using ::testing::HasSubstr;

TEST(Doctor, JsonNamesEveryCheckOnceAndARemedyForWhatIsMissing) {
  const ProgramResult result = run_sextant({"doctor", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const nlohmann::json document = nlohmann::json::parse(result.out);
  EXPECT_EQ(document.at("schema"), "sextant/doctor/1.1");
  std::set<std::string> names;
  for (const auto& check : document.at("checks")) {
    const std::string name = check.at("name");
    EXPECT_TRUE(names.insert(name).second) << name;
    const std::string status = check.at("status");
    EXPECT_THAT(status, ::testing::AnyOf("present", "missing", "unknown")) << name;
    EXPECT_NE(check.at("found"), "") << name;
    EXPECT_TRUE(status != "missing" || check.contains("remedy")) << name;
    EXPECT_TRUE(status != "present" || !check.contains("remedy")) << name;
  }
  for (const auto& condition : document.at("conditions")) {
    const bool disturbs = condition.at("state") == "disturbing";
    EXPECT_EQ(condition.contains("reason"), disturbs) << condition;
    EXPECT_EQ(condition.contains("remedy"), disturbs) << condition;
  }
  EXPECT_GE(document.at("conditions").size(), 7U);
  for (const auto& task : document.at("tasks")) {
    EXPECT_EQ(task.at("ready"), task.at("lacks").empty()) << task;
    for (const auto& lack : task.at("lacks")) EXPECT_EQ(names.count(lack), 1U) << task;
  }
}

TEST(Doctor, WithoutTimingItSaysNothingOfTheMoment) {
  const ProgramResult json = run_sextant({"doctor", "--json", "--no-timing"});
  EXPECT_FALSE(nlohmann::json::parse(json.out).contains("conditions")) << json.err;
  EXPECT_THAT(run_sextant({"doctor", "--no-timing"}).out,
              ::testing::Not(HasSubstr("disturb a measurement")));
}

TEST(Doctor, AnEmptyMachineIsReportedNotRefused) {
  const ProgramResult result =
      run_sextant({"doctor"}, {.environment = {{"PATH", "relative:"},
                                               {"HOME", ""},
                                               {"SEXTANT_CACHE", "/nonexistent"},
                                               {"SEXTANT_PROFILES", "/nonexistent"}}});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("SEXTANT_PROFILES names \"/nonexistent\""));
  EXPECT_THAT(result.out, HasSubstr("./setup"));
  EXPECT_THAT(result.out, HasSubstr("no scontrol in PATH"));
}

/// What doctor says of Slurm where this is scontrol.
nlohmann::json slurm_with(const std::string& scontrol) {
  const TemporaryFolder folder;
  const std::filesystem::path program = folder.write("scontrol", "#!/bin/sh\n" + scontrol);
  std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  const ProgramResult result = run_sextant(
      {"doctor", "--json"}, {.environment = {{"PATH", folder.path().string() + ":/usr/bin:/bin"}}});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const nlohmann::json document = nlohmann::json::parse(result.out);
  for (const auto& check : document.at("checks")) {
    if (check.at("name") == "slurm") return check;
  }
  return nullptr;
}

TEST(Doctor, AsksSlurmWhetherItsControllerAnswers) {
  const nlohmann::json up = slurm_with(
      "[ \"$*\" = ping ] || exit 9\n"
      "echo 'Slurmctld(primary) at login1 is DOWN'\n"
      "echo 'Slurmctld(backup) at login2 is UP'\n");
  EXPECT_EQ(up.at("status"), "present");
  EXPECT_EQ(up.at("found"), "Slurmctld(backup) at login2 is UP");
  const nlohmann::json down = slurm_with("echo 'Slurmctld(primary) at login1 is DOWN'; exit 1");
  EXPECT_EQ(down.at("status"), "missing");
  EXPECT_EQ(down.at("found"), "Slurmctld(primary) at login1 is DOWN");
  const nlohmann::json lost = slurm_with("echo 'error: a' >&2; echo 'fatal: b' >&2; exit 1");
  EXPECT_EQ(lost.at("found"), "fatal: b");
  EXPECT_THAT(lost.at("remedy"), HasSubstr("SLURM_CONF"));
  const nlohmann::json silent = slurm_with("exec sleep 60");
  EXPECT_EQ(silent.at("status"), "unknown");
}

}  // namespace
}  // namespace sextant::testing
