// The scripts of launch/sailor/planner: their arguments, what they start, what they leave.
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/files.h"
#include "analyzer/core/json_document.h"
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

class PlannerScripts : public testing::GuideScripts {
 protected:
  PlannerScripts() : GuideScripts(source_path("launch/sailor/planner")) {
    program("sextant", kFakeSextant);
  }
  void use_the_real_one() {
    fs::remove(programs_ / "sextant");
    fs::create_symlink(testing::built_program("sextant"), programs_ / "sextant");
  }
  void leave(const std::string& file) { write_file_atomically(here_ / file, "{}"); }
};

struct Line {
  const char* script;
  const char* figure;
  /// How the guide draws it: a program, the model, and the kind of cluster or the metric.
  const char* draws;
  const char* model;
  const char* what;
};
constexpr Line kLines[] = {
    {"run_homogeneous.sh", "fig7", "plot_bars", "OPT-350", "homogeneous"},
    {"run_het_opt.sh", "fig8a", "plot_bars", "OPT-350", "heterogeneous"},
    {"run_het_opt_imbalanced.sh", "fig8b", "plot_bars", "OPT-350", "heterogeneous-imbalanced"},
    {"run_het.sh", "fig8b", "plot_bars", "OPT-350", "heterogeneous-imbalanced"},
    {"run_het_gpt.sh", "fig9a", "plot_bars", "GPT-Neo-2.7", "heterogeneous"},
    {"run_het_gpt_imbalanced.sh", "fig9b", "plot_bars", "GPT-Neo-2.7", "heterogeneous-imbalanced"},
    {"run_geo.sh", "fig10", "plot_bars", "OPT-350", "geo"},
    {"run_fig11.sh", "fig11", "plot_mul_obj", "OPT-350", "dollars_per_iter"},
    {"run_fig12.sh", "fig12", "plot_mul_obj", "OPT-350", "total_throughput"},
};

std::string folder_of(const Line& line) {
  return std::string("ae_results/planner/") + line.figure;
}

TEST_F(PlannerScripts, SayWhatTheyTake) {
  std::vector<std::string> scripts = {"plot_bars", "plot_mul_obj"};
  for (const Line& line : kLines) scripts.emplace_back(line.script);
  for (const std::string& script : scripts) {
    SCOPED_TRACE(script);
    const auto help = run(script, {"--help"});
    EXPECT_EQ(help.exit_code, 0) << help.err;
    EXPECT_THAT(help.out, StartsWith(script + " "));
    const auto wrong = run(script, {"1", "2", "3", "4", "5"});
    EXPECT_EQ(wrong.exit_code, 2);
    EXPECT_THAT(wrong.err, AllOf(StartsWith(script + ": error: expected "), EndsWith(help.out)));
    // Everything in the folder is one of these, or what they share.
    EXPECT_TRUE(fs::exists(scripts_ / script));
  }
  EXPECT_EQ(std::distance(fs::directory_iterator(scripts_), fs::directory_iterator()),
            std::ssize(scripts) + 1);
}

TEST_F(PlannerScripts, RefuseWhatNoFigureHas) {
  struct Case {
    const char* script;
    std::vector<std::string> arguments;
    const char* text;
  };
  for (const Case& bad : {
           Case{"plot_bars", {"d", "BERT", "geo", "o.png"}, "expected OPT-350 or GPT-Neo-2.7"},
           Case{"plot_bars", {"d", "OPT-350", "round", "o.png"}, "expected homogeneous"},
           Case{"plot_bars", {"d", "GPT-Neo-2.7", "geo", "o.png"}, "no figure has GPT-Neo-2.7"},
           Case{"plot_bars", {"d", "OPT-350", "geo"}, "OUT"},
           Case{"plot_mul_obj", {"d", "GPT-Neo-2.7", "total_throughput", "o.png"}, "no figure"},
           Case{"plot_mul_obj", {"d", "OPT-350", "speed", "o.png"}, "expected dollars_per_iter"},
           Case{"run_geo.sh", {"--csv", "x"}, "--csv is what this script gives"},
           Case{"run_geo.sh", {"--json"}, "--json is what this script gives"},
           Case{"run_geo.sh", {"--from=x"}, "--from is what this script gives"},
       }) {
    SCOPED_TRACE(std::string(bad.script) + " " + bad.text);
    const auto result = run(bad.script, bad.arguments);
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_EQ(result.out, "");
    EXPECT_THAT(result.err, HasSubstr(bad.text));
  }
  const auto nothing = run("plot_bars", {"d", "OPT-350", "geo", "o.png"});
  EXPECT_EQ(nothing.exit_code, 3);
  EXPECT_THAT(nothing.err, HasSubstr("no d/fig10.json; the script of figure 10 leaves it"));
  fs::remove(programs_ / "sextant");
  EXPECT_EQ(run("run_geo.sh", {}).exit_code, 3);
}

TEST_F(PlannerScripts, StartTheRightWords) {
  for (const Line& line : kLines) {
    SCOPED_TRACE(line.script);
    const std::string figure = line.figure;
    const std::string files = folder_of(line) + "/" + figure;
    const auto result = run(line.script, {"--artifact", "an artifact", "--estimator=sailor"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(left(files + ".json"), "reproduce|sailor|" + figure + "|--json|--csv|" + files +
                                         ".csv|--plot|" + files +
                                         ".svg|--artifact|an artifact|--estimator=sailor|\n");
    const std::string again = "reproduce|sailor|" + figure + "|--from|" + files + ".json|";
    EXPECT_EQ(result.out, again + "\n");
    std::string metric;
    if (line.what == std::string("dollars_per_iter")) metric = "--metric|cost|";
    if (line.what == std::string("total_throughput")) metric = "--metric|throughput|";
    EXPECT_EQ(
        run(line.draws, {folder_of(line), line.model, line.what, "o.png", "--planner", "x"}).out,
        again + "--plot|o.png|" + metric + "--planner|x|\n");
  }
}

TEST_F(PlannerScripts, EitherMetricOfEitherFigureIsDrawn) {
  leave("one/fig11.json");
  EXPECT_EQ(run("plot_mul_obj", {"one", "OPT-350", "total_throughput", "o.svg"}).out,
            "reproduce|sailor|fig11|--from|one/fig11.json|--plot|o.svg|--metric|throughput|\n");
  leave("one/fig12.json");
  EXPECT_EQ(run("plot_mul_obj", {"one", "OPT-350", "total_throughput", "o.svg"}).out,
            "reproduce|sailor|fig12|--from|one/fig12.json|--plot|o.svg|--metric|throughput|\n");
  EXPECT_EQ(run("plot_mul_obj", {"one", "OPT-350", "dollars_per_iter", "o.svg"}).out,
            "reproduce|sailor|fig11|--from|one/fig11.json|--plot|o.svg|--metric|cost|\n");
}

TEST_F(PlannerScripts, LeaveNothingOfWhatFailed) {
  testing::ProgramOptions options;
  options.environment = {{"FAKE_STATUS", "3"}};
  EXPECT_EQ(run("run_fig12.sh", {}, options).exit_code, 3);
  EXPECT_TRUE(fs::is_empty(here_ / "ae_results/planner/fig12"));
}

// Every line of the guide, with a budget that makes the searches short.
TEST_F(PlannerScripts, LeaveTheFigures) {
  const auto data = reference_data("sailor");
  SEXTANT_NEEDS(data);
  use_the_real_one();
  for (const Line& line : kLines) {
    SCOPED_TRACE(line.script);
    const std::string files = folder_of(line) + "/" + line.figure;
    const auto result =
        run(line.script, {"--artifact", data.string(), "--max-evaluations", "50000"});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    EXPECT_THAT(result.out, AllOf(HasSubstr("estimator sailor:"), HasSubstr("estimator sextant:")));
    EXPECT_THAT(testing::SchemaCheck("reproduction").problems(left(files + ".json")), IsEmpty());
    EXPECT_THAT(left(files + ".csv"), StartsWith("cluster,planner,estimator,"));
    EXPECT_THAT(left(files + ".svg"), HasSubstr("Evidence: replayed."));
    const auto drawn = run(line.draws, {folder_of(line), line.model, line.what, "a picture.svg"});
    ASSERT_EQ(drawn.exit_code, 0) << drawn.err;
    EXPECT_EQ(drawn.out, result.out);  // the same table
    EXPECT_THAT(left("a picture.svg"), HasSubstr("<svg"));
  }
  const auto odd = run("plot_bars", {"ae_results/planner/fig7", "OPT-350", "homogeneous", "o.jpg"});
  EXPECT_EQ(odd.exit_code, 2);
  EXPECT_THAT(odd.err, HasSubstr("must end in .svg or .png"));
}

}  // namespace
}  // namespace sextant
