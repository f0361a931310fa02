// `sextant reproduce helix` as a user meets it.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/files.h"
#include "tests/cli/run_program.h"
#include "tests/support/reference_data.h"
#include "tests/support/schema_check.h"
#include "tests/support/temporary_folder.h"

namespace sextant {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::ProgramResult;
using testing::run_sextant;
using ::testing::StartsWith;

TEST(ReproduceHelix, RefusesWhatIsNotThere) {
  const auto data = reference_data("helix");
  SEXTANT_NEEDS(data);
  struct Case {
    std::vector<std::string> arguments;
    int exit_code;
    const char* text;
  };
  for (const Case& bad : {
           Case{{"helix", "single/llama7b/offline", "--artifact", data}, 2, "no experiment"},
           Case{{"helix", "single/llama70b/offline", "--artifact", "/nowhere"}, 3, "/nowhere"},
           Case{{"helix", "geo/llama70b/online", "--artifact", data, "--planner", "me"},
                2,
                "no planners (its methods are chosen with --method)"},
           Case{{"helix", "geo/llama70b/online", "--artifact", data, "--method", "petals"},
                2,
                "has no method \"petals\"; there are: helix, helix-own-split"},
           Case{{"helix", "highhet/llama70b/online", "--artifact", data, "--layouts", "x"},
                2,
                "has no layouts to replace"},
           Case{{"helix", "geo/llama70b/online", "--artifact", data, "--method", "swarm",
                 "--layouts", "/nowhere"},
                3,
                "/nowhere/swarm"},
           Case{{"helix", "geo/llama70b/online", "--from", "x.json"}, 2, "or documents"},
           Case{{"libra", "astra", "--artifact", ".", "--method", "helix"}, 2, "only experiments"},
           Case{{"sailor", "fig7", "--artifact", ".", "--latencies", "x"}, 2, "only experiments"},
       }) {
    SCOPED_TRACE(bad.text);
    std::vector<std::string> words = {"reproduce"};
    words.insert(words.end(), bad.arguments.begin(), bad.arguments.end());
    const ProgramResult result = run_sextant(words);
    EXPECT_EQ(result.exit_code, bad.exit_code);
    EXPECT_EQ(result.out, "");
    EXPECT_THAT(result.err, HasSubstr(bad.text));
  }
}

TEST(ReproduceHelix, LeavesRowsPictureAndLatencies) {
  const auto data = reference_data("helix");
  SEXTANT_NEEDS(data);
  const TemporaryFolder folder;
  const std::string csv = folder.path() / "rows.csv";
  const std::string latencies = folder.path() / "latencies.csv";
  const std::string picture = folder.path() / "figure.svg";
  const std::vector<std::string> words = {"reproduce",
                                          "helix",
                                          "geo/llama70b/online",
                                          "--artifact",
                                          data,
                                          "--method",
                                          "helix,helix-own-split",
                                          "--csv",
                                          csv,
                                          "--latencies",
                                          latencies,
                                          "--plot",
                                          picture,
                                          "--no-timing"};
  const ProgramResult table = run_sextant(words);
  ASSERT_EQ(table.exit_code, 0) << table.err;
  EXPECT_THAT(table.out, AllOf(StartsWith("Helix geo/llama70b/online"),
                               HasSubstr("11 of 11 published figures are met")));
  const std::string rows = read_file(csv);
  EXPECT_EQ(std::count(rows.begin(), rows.end(), '\n'), 1 + 2);
  EXPECT_THAT(rows, HasSubstr("\nhelix-own-split,ok,"));
  EXPECT_THAT(read_file(latencies), AllOf(StartsWith("method,kind,latency_s\nhelix,prompt,"),
                                          HasSubstr("\nhelix-own-split,decode,")));
  EXPECT_THAT(read_file(picture), AllOf(HasSubstr("prompt latency (s)"), HasSubstr("</svg>")));

  std::vector<std::string> json = words;
  json.emplace_back("--json");
  const ProgramResult document = run_sextant(json);
  ASSERT_EQ(document.exit_code, 0) << document.err;
  EXPECT_EQ(testing::SchemaCheck("reproduction").problems(document.out), "");
  EXPECT_EQ(run_sextant(json).out, document.out);
}

TEST(ReproduceHelix, PrintsWhatTheSchemaDescribes) {
  const auto data = reference_data("helix");
  SEXTANT_NEEDS(data);
  testing::SchemaCheck schema("reproduction");
  for (const auto& [experiment, methods] : std::vector<std::pair<std::string, std::string>>{
           {"geo/llama70b/model_placement", "petals-own-split"},
           {"geo/llama70b/request_scheduling", "helix,shortest-queue"},
           {"highhet/llama70b/online", "separate-plus"}}) {
    const ProgramResult result = run_sextant(
        {"reproduce", "helix", experiment, "--artifact", data, "--method", methods, "--json"});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(schema.problems(result.out), "") << experiment;
    EXPECT_THAT(result.out, HasSubstr("\"status\": \"ok\""));
  }
}

}  // namespace
}  // namespace sextant
