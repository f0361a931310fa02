// `sextant reproduce libra` as a user meets it.
#include <algorithm>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/files.h"
#include "analyzer/core/json_document.h"
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

TEST(ReproduceLibra, RefusesWhatIsNotThere) {
  struct Case {
    std::vector<std::string> arguments;
    int exit_code;
    const char* text;
  };
  for (const Case& bad : {
           Case{{"libra", "fig16", "--artifact", "."}, 2, "no experiment \"fig16\""},
           Case{{"libra", "fig12", "--artifact", "/nowhere"}, 3, "/nowhere"},
           Case{{"libra", "optimizer", "--artifact", "/nowhere"}, 3, "/nowhere"},
           Case{{"libra", "astra", "--artifact", "/nowhere"}, 3, "/nowhere"},
           Case{{"libra", "fig12", "--artifact", ".", "--planner", "me"}, 2, "no planners"},
           Case{{"libra", "fig12", "--artifact", ".", "--set", "big"}, 2, "--set"},
           Case{{"libra", "table6", "--artifact", ".", "--set", "small"}, 2, "neither of a set"},
           Case{{"libra", "fig12", "--from", "x.json", "--set", "full"}, 2, "leave out --set"},
           Case{{"libra", "astra", "--from", "x.json"}, 2, "nor shown again"},
           Case{{"libra", "fig15", "--artifact", ".", "--set", "small"}, 2, "has 17B only"},
           Case{
               {"sailor", "fig7", "--artifact", ".", "--set", "small"}, 2, "only figures of libra"},
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

TEST(ReproduceLibra, ShowsWhatWasSimulatedAgain) {
  const auto data = reference_data("libra");
  SEXTANT_NEEDS(data);
  const TemporaryFolder folder;
  const std::string csv = folder.path() / "rows.csv";
  const std::string picture = folder.path() / "figure.svg";
  const std::vector<std::string> arguments = {"reproduce", "libra",      "evaluation", "--set",
                                              "small",     "--artifact", data,         "--json",
                                              "--csv",     csv,          "--no-timing"};
  const ProgramResult evaluation = run_sextant(arguments);
  ASSERT_EQ(evaluation.exit_code, 0) << evaluation.err;
  EXPECT_EQ(run_sextant(arguments).out, evaluation.out);
  EXPECT_EQ(testing::SchemaCheck("reproduction").problems(evaluation.out), "");
  const std::string lines = read_file(csv);
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 1 + 31 + 20);

  const std::string file = folder.write("evaluation.json", evaluation.out);
  for (const std::string figure : {"fig12", "fig13", "fig14"}) {
    const ProgramResult simulated = run_sextant(
        {"reproduce", "libra", figure, "--set", "small", "--artifact", data, "--no-timing"});
    const ProgramResult read =
        run_sextant({"reproduce", "libra", figure, "--from", file, "--plot", picture});
    EXPECT_EQ(read.exit_code, 0) << read.err;
    EXPECT_EQ(read.out, simulated.out);
    EXPECT_THAT(read_file(picture),
                AllOf(HasSubstr("2D, 17B"), HasSubstr("more than a tier"), HasSubstr("Evidence:")));
  }
  const ProgramResult fig15 = run_sextant({"reproduce", "libra", "fig15", "--from", file});
  EXPECT_EQ(fig15.exit_code, 2);
  EXPECT_THAT(fig15.err, HasSubstr("small set has 17B only"));
  const std::string lonely = folder.write(
      "lonely.json",
      R"({"schema": "sextant/reproduction/1.0", "system": "libra", "experiment": "fig12", "rows": [
        {"network": "3D", "workload": "17B", "configuration": "EqualBW", "total_gb_per_s": 100,
         "bandwidth_gb_per_s": [40, 30, 30], "within_limits": true, "time_s": 1, "cost_usd": 1}]})");
  const ProgramResult alone = run_sextant({"reproduce", "libra", "fig12", "--from", lonely});
  EXPECT_EQ(alone.exit_code, 3);
  EXPECT_THAT(alone.err, HasSubstr("no row that fig12 shows, with what it is compared with"));
  const std::string other = folder.write(
      "other.json", R"({"schema": "sextant/reproduction/1.0", "system": "sailor", "rows": []})");
  const ProgramResult sailor = run_sextant({"reproduce", "libra", "fig12", "--from", other});
  EXPECT_EQ(sailor.exit_code, 3);
  EXPECT_THAT(sailor.err, HasSubstr("expected \"libra\""));
}

TEST(ReproduceLibra, PrintsWhatTheSchemaDescribes) {
  const auto data = reference_data("libra");
  SEXTANT_NEEDS(data);
  testing::SchemaCheck schema("reproduction");
  for (const std::string experiment :
       {"optimizer", "table6", "astra", "fig12", "fig13", "fig14", "fig15"}) {
    std::vector<std::string> words = {"reproduce",  "libra", experiment,
                                      "--artifact", data,    "--json"};
    for (const char* figure : {"fig12", "fig13", "fig14"}) {
      if (experiment == figure) words.insert(words.end(), {"--set", "small"});
    }
    const ProgramResult result = run_sextant(words);
    ASSERT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(schema.problems(result.out), "") << experiment;
  }
  const ProgramResult astra = run_sextant({"reproduce", "libra", "astra", "--artifact", data});
  EXPECT_THAT(astra.out, HasSubstr("72 runs, step times within "));
}

}  // namespace
}  // namespace sextant
