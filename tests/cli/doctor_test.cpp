#include <filesystem>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/json_document.h"
#include "tests/cli/run_program.h"

namespace sextant::testing {
namespace {

using ::testing::HasSubstr;

TEST(Doctor, JsonNamesEveryCheckOnceAndARemedyForWhatIsMissing) {
  const ProgramResult result = run_sextant({"doctor", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const nlohmann::json document = nlohmann::json::parse(result.out);
  EXPECT_EQ(document.at("schema"), "sextant/doctor/1.0");
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
  for (const auto& task : document.at("tasks")) {
    EXPECT_EQ(task.at("ready"), task.at("lacks").empty()) << task;
    for (const auto& lack : task.at("lacks")) EXPECT_EQ(names.count(lack), 1U) << task;
  }
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
}

}  // namespace
}  // namespace sextant::testing
