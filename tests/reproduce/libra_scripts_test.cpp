// The scripts of launch/libra: their arguments, what they start, what they leave.
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/files.h"
#include "tests/support/guide_scripts.h"
#include "tests/support/project_paths.h"
#include "tests/support/reference_data.h"
#include "tests/support/schema_check.h"

namespace sextant {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

/// Says how it was started.
constexpr const char* kFakeSextant = R"(#!/bin/sh
for word in "$@"; do printf '%s|' "$word"; done
echo
exit ${FAKE_STATUS:-0}
)";

class LibraScripts : public testing::GuideScripts {
 protected:
  LibraScripts() : GuideScripts(source_path("launch/libra")) { program("sextant", kFakeSextant); }
  void use_the_real_one() {
    fs::remove(programs_ / "sextant");
    fs::create_symlink(testing::built_program("sextant"), programs_ / "sextant");
  }
};

TEST_F(LibraScripts, SayWhatTheyTake) {
  for (const std::string script : {"optimize.sh", "evaluate.sh", "plot.sh"}) {
    SCOPED_TRACE(script);
    const auto help = run(script, {"--help"});
    EXPECT_EQ(help.exit_code, 0) << help.err;
    EXPECT_THAT(help.out, StartsWith(script + " "));
    const auto wrong = run(script, {"1", "2", "3", "4", "5", "6"});
    EXPECT_EQ(wrong.exit_code, 2);
    EXPECT_THAT(wrong.err, AllOf(StartsWith(script + ": error: expected "), EndsWith(help.out)));
  }
}

TEST_F(LibraScripts, RefuseWhatTheArtifactDoesNotHave) {
  struct Case {
    const char* script;
    std::vector<std::string> arguments;
    const char* text;
  };
  for (const Case& bad : {
           Case{"optimize.sh", {"5D", "9", "17B", "Perf", "Overlap"}, "'5D': expected a network"},
           Case{"optimize.sh", {"2D", "9", "2B", "Perf", "Overlap"}, "expected a workload, one of"},
           Case{"optimize.sh", {"2D", "9", "17B", "Fast", "Overlap"}, "Perf PerfPerCost"},
           Case{"optimize.sh", {"2D", "9", "17B", "Perf", "Some"}, "expected a loop"},
           Case{"optimize.sh", {"2D", "9", "17B", "Perf", "Overlap", "--loop", "x"}, "--loop is"},
           Case{"evaluate.sh", {"huge"}, "expected a set, one of: small full"},
           Case{"evaluate.sh", {"small", "--json"}, "--json is what this script gives"},
           Case{"evaluate.sh", {"small", "--artifact"}, "--artifact: expected a directory"},
           Case{"plot.sh", {"small", "fig11"}, "expected a figure"},
           Case{"plot.sh", {"small", "fig15"}, "the small set has 17B only"},
           Case{"plot.sh", {"full", "fig15", "--plot=x"}, "--plot is what this script gives"},
       }) {
    SCOPED_TRACE(bad.text);
    const auto result = run(bad.script, bad.arguments);
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_EQ(result.out, "");
    EXPECT_THAT(result.err, HasSubstr(bad.text));
  }
  const auto early = run("plot.sh", {"full", "fig12"});
  EXPECT_EQ(early.exit_code, 3);
  EXPECT_THAT(early.err, HasSubstr("no output/full/evaluation.json; evaluate.sh full leaves it"));
}

TEST_F(LibraScripts, StartTheRightWords) {
  EXPECT_EQ(
      run("optimize.sh",
          {"4D", "325", "Group", "PerfPerCost", "Overlap", "--artifact", "an a", "--json"})
          .out,
      "topo|optimize|--network|an a/optimizer/network/4d.json|--prices|an a/optimizer/cost/"
      "cost.json|--workload|an a/optimizer/workload/transformer_17B.txt|--workload|an a/"
      "optimizer/workload/transformer_175B.txt|--workload|an a/optimizer/workload/"
      "transformer_1T.txt|--total-gb-per-s|325|--target|PerfPerCost|--loop|Overlap|--json|\n");
  const auto evaluated = run("evaluate.sh", {"small", "--artifact=an a"});
  EXPECT_EQ(evaluated.out, "reproduce|libra|evaluation|--from|output/small/evaluation.json|\n");
  EXPECT_EQ(left("output/small/evaluation.json"),
            "reproduce|libra|evaluation|--set|small|--artifact|an a|--json|--csv|output/small/"
            "evaluation.csv|\n");
  EXPECT_EQ(run("plot.sh", {"small", "fig13"}).out,
            "reproduce|libra|fig13|--from|output/small/evaluation.json|--csv|output/graph_small/"
            "fig13.csv|--plot|output/graph_small/fig13.svg|\n");
  testing::ProgramOptions failing;
  failing.environment = {{"FAKE_STATUS", "3"}};
  EXPECT_EQ(run("evaluate.sh", {"full", "--artifact", "x"}, failing).exit_code, 3);
  EXPECT_TRUE(fs::is_empty(here_ / "output/full"));
}

// Every line of the guide: the divisions, of which the artifact's Table VI has four.
TEST_F(LibraScripts, DivideBandwidth) {
  const auto data = reference_data("libra");
  SEXTANT_NEEDS(data);
  use_the_real_one();
  const std::map<std::string, std::vector<const char*>> table6 = {
      {"175B NoOverlap", {"137.9852", "120.7370", "58.9136", "7.3642"}},
      {"1T NoOverlap", {"140.4616", "122.9039", "15.3630", "46.2715"}},
      {"175B Overlap", {"125.2173", "109.5651", "80.1934", "10.0242"}},
      {"1T Overlap", {"139.7632", "122.2928", "15.2866", "47.6574"}}};
  for (const std::string network : {"2D", "3D", "4D"}) {
    for (const std::string workload : {"17B", "175B", "1T", "Group"}) {
      for (const std::string target : {"Perf", "PerfPerCost"}) {
        for (const std::string loop : {"NoOverlap", "Overlap"}) {
          SCOPED_TRACE(network + ' ' + workload + ' ' + target + ' ' + loop);
          const auto result =
              run("optimize.sh", {network, "325", workload, target, loop, "--artifact", data});
          ASSERT_EQ(result.exit_code, 0) << result.err;
          EXPECT_THAT(result.out, AllOf(HasSubstr("GB/s"), HasSubstr("USD")));
          const auto known = table6.find(workload + ' ' + loop);
          if (network != "4D" || target != "Perf" || known == table6.end()) continue;
          for (const char* bandwidth : known->second) EXPECT_THAT(result.out, HasSubstr(bandwidth));
        }
      }
    }
  }
}

// What evaluate.sh leaves is what plot.sh draws.
TEST_F(LibraScripts, LeaveTheResultsAndFigures) {
  const auto data = reference_data("libra");
  SEXTANT_NEEDS(data);
  use_the_real_one();
  for (const std::string set : {"small", "full"}) {
    const auto evaluated = run("evaluate.sh", {set, "--artifact", data});
    ASSERT_EQ(evaluated.exit_code, 0) << evaluated.err;
    EXPECT_THAT(evaluated.out, HasSubstr("Sextant over PerfOptBW"));
    const std::string files = "output/" + set + "/evaluation";
    EXPECT_THAT(testing::SchemaCheck("reproduction").problems(left(files + ".json")), IsEmpty());
    EXPECT_THAT(left(files + ".csv"), StartsWith("network,workload,configuration,"));
    for (const std::string figure : {"fig12", "fig13", "fig14", "fig15"}) {
      if (set == "small" && figure == "fig15") continue;
      const auto drawn = run("plot.sh", {set, figure});
      ASSERT_EQ(drawn.exit_code, 0) << drawn.err;
      EXPECT_THAT(drawn.out, StartsWith("LIBRA " + figure));
      EXPECT_THAT(left("output/graph_" + set + "/" + figure + ".svg"), HasSubstr("</svg>"));
      EXPECT_THAT(left("output/graph_" + set + "/" + figure + ".csv"), HasSubstr("PerfOptBW"));
    }
  }
}

}  // namespace
}  // namespace sextant
