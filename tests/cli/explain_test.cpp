// `sextant plan --explain` as a user meets it.
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/json_document.h"
#include "tests/cli/run_program.h"
#include "tests/support/project_paths.h"
#include "tests/support/schema_check.h"

namespace sextant {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::ProgramResult;
using testing::run_sextant;

/// A plan of the shipped inputs with --explain.
ProgramResult explained(std::vector<std::string> more) {
  std::vector<std::string> arguments = {"plan",
                                        "--cluster",
                                        sextant::source_path("profiles/clusters/two-types.json"),
                                        "--job",
                                        sextant::source_path("profiles/jobs/opt-350m.json"),
                                        "--explain",
                                        "--max-evaluations",
                                        "20000"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run_sextant(arguments);
}

TEST(PlanExplain, SaysWhatBindsWhatLostAndWhatToBuy) {
  const ProgramResult result = explained({"--estimator", "sailor"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  for (const char* expected :
       {"\nwhy this plan\n", "is the slowest", "is the fullest", "GPUs in use: 128 of 128",
        "of the changes tried, the most would come of: ", "10 % more memory on V100-16",
        "this plan with microbatch ", "4 A100-40@hall", "+14.69", "planned 4 times again\n"}) {
    EXPECT_THAT(result.out, HasSubstr(expected));
  }
}

TEST(PlanExplain, IsDescribedAndStandsInTheBestRow) {
  for (const char* estimator : {"sailor", "sextant"}) {
    const ProgramResult result = explained(
        {"--estimator", estimator, "--json", "--planner", "all", "--min-throughput", "0.1"});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    EXPECT_THAT(testing::SchemaCheck("plans").problems(result.out), IsEmpty());
    const JsonDocument document = JsonDocument::parse(result.out, "stdout");
    const JsonNode rows = document.root().at("plans");
    EXPECT_FALSE(rows.at(1UL).has("explanation"));
    const JsonNode explanation = rows.at(0UL).at("explanation");
    EXPECT_EQ(explanation.at("one_more_node").size(), 2U);
    for (const JsonNode& node : explanation.at("one_more_node").elements()) {
      EXPECT_GE(node.at("gain").number(), 0);
      EXPECT_GT(node.at("usd_per_hour").number(), 0);
    }
    double last = HUGE_VAL;
    for (const JsonNode& change : explanation.at("changes").elements()) {
      EXPECT_LE(change.at("gain").number(), last);
      last = change.at("gain").number();
    }
  }
}

TEST(PlanExplain, GivesTheSameBytesAndNothingWithoutTheOption) {
  const std::vector<std::string> more = {"--json", "--no-timing"};
  const ProgramResult first = explained(more);
  EXPECT_EQ(first.exit_code, 0) << first.err;
  EXPECT_EQ(first.out, explained(more).out);
  const ProgramResult plain =
      run_sextant({"plan", "--cluster", sextant::source_path("profiles/clusters/two-types.json"),
                   "--job", sextant::source_path("profiles/jobs/opt-350m.json")});
  EXPECT_THAT(plain.out, Not(HasSubstr("why this plan")));
}

}  // namespace
}  // namespace sextant
