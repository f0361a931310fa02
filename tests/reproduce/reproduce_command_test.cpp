// `sextant reproduce` of planner figures as a user meets it: rows, table, picture, bad input.
#include <algorithm>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/files.h"
#include "analyzer/core/json_document.h"
#include "tests/cli/run_program.h"
#include "tests/support/reference_data.h"
#include "tests/support/temporary_folder.h"

namespace sextant {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::ProgramResult;
using testing::run_sextant;

TEST(ReproduceCommand, RefusesWhatIsNotThere) {
  struct Case {
    std::vector<std::string> arguments;
    int exit_code;
    const char* text;
  };
  for (const Case& bad : {
           Case{{"fig99", "--artifact", "."}, 2, "no experiment \"fig99\""},
           Case{{"fig7", "--artifact", "/nowhere"}, 3, "/nowhere"},
           Case{{"fig7", "--artifact", ".", "--estimator", "me"}, 2, "no estimator \"me\""},
           Case{{"fig7", "--artifact", ".", "--planner", "me"}, 2, "no planner \"me\""},
           Case{{"fig7", "--artifact", ".", "--metric", "speed"}, 2, "--metric"},
           Case{{"fig7", "--artifact", ".", "--max-evaluations", "0"}, 2, "--max-evaluations"},
           Case{{"fig7", "--artifact", ".", "--plot", "x.gif"}, 2, ".svg or .png"},
           Case{{"fig7", "--artifact", ".", "--measured", "x"}, 2, "rests on no measured runs"},
           Case{{"fig7", "--from", "/nowhere.json"}, 3, "/nowhere.json"},
           Case{{"fig7", "--from", "x.json", "--json"}, 2, "leave out --artifact and --json"},
           Case{{"fig7", "--from", "x.json", "--artifact", "."}, 2, "leave out --artifact"},
           Case{
               {"fig5b", "--artifact", ".", "--estimator", "sailor"}, 2, "sextant validate --from"},
           Case{{"fig5b", "--artifact", ".", "--max-evaluations", "9"}, 2, "plans nothing"},
       }) {
    SCOPED_TRACE(bad.text);
    std::vector<std::string> words = {"reproduce", "sailor"};
    words.insert(words.end(), bad.arguments.begin(), bad.arguments.end());
    const ProgramResult result = run_sextant(words);
    EXPECT_EQ(result.exit_code, bad.exit_code);
    EXPECT_EQ(result.out, "");
    EXPECT_THAT(result.err, HasSubstr(bad.text));
  }
}

TEST(ReproduceCommand, PrintsRowsTableAndPicture) {
  const auto data = reference_data("sailor");
  SEXTANT_NEEDS(data);
  const TemporaryFolder folder;
  const std::string picture = folder.path() / "fig8a.svg";
  const ProgramResult table =
      run_sextant({"reproduce", "sailor", "fig8a", "--artifact", data, "--planner",
                   "sextant,sailor", "--estimator", "sailor", "--plot", picture});
  ASSERT_EQ(table.exit_code, 0) << table.err;
  EXPECT_THAT(table.out, AllOf(HasSubstr("published"), HasSubstr("Judged by estimator sailor:"),
                               Not(HasSubstr("Judged by estimator sextant:"))));
  EXPECT_THAT(read_file(picture), HasSubstr("</svg>"));

  const std::string csv = folder.path() / "fig8a.csv";
  const std::vector<std::string> arguments = {
      "reproduce",   "sailor", "fig8a",     "--artifact",     data,    "--json", "--no-timing",
      "--estimator", "sailor", "--planner", "sextant,sailor", "--csv", csv};
  const ProgramResult rows = run_sextant(arguments);
  const std::string lines = read_file(csv);
  EXPECT_EQ(rows.out, run_sextant(arguments).out);
  EXPECT_EQ(read_file(csv), lines);
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 7);
  const JsonDocument document = JsonDocument::parse(rows.out, "stdout");
  const JsonNode all = document.root_of_kind("reproduction", 1).at("rows");
  ASSERT_EQ(all.size(), 6U);
  for (const JsonNode& row : all.elements()) {
    const double ours = row.at("throughput_iters_per_s").number();
    const double published = row.at("published").at("throughput_iters_per_s").number();
    if (row.at("planner").string() == "sextant") {
      EXPECT_GE(ours, 1.05 * published) << row.at("cluster").string();
    } else {
      EXPECT_NEAR(ours / published, 1, 0.01) << row.at("cluster").string();
    }
    EXPECT_EQ(row.at("evidence").string(), "replayed");
  }
}

}  // namespace
}  // namespace sextant
