#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/report/views/view_of_text.h"

namespace sextant {
namespace {

using testing::count;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::section_of;

constexpr const char* kPlot = "<figure class=\"plot";
/// How a bar chart tells of a mark.
constexpr const char* kMark = "(published): ";

std::string reproduction(const std::string& system, const std::string& rows,
                         const std::string& more = "") {
  return R"({"schema": "sextant/reproduction/1.0", "system": ")" + system +
         R"(", "experiment": "one", "notes": ["a & b"], "rows": [)" + rows + "]" + more + "}";
}

std::string planned(const std::string& planner, const std::string& figures) {
  return R"({"status": "ok", "cluster": "8xA100-40@hall", "planner": ")" + planner +
         R"(", "estimator": "sailor", "evidence": "replayed", "complete": true, "evaluations": 7,
      "plans_rejected_oom": 0, "plans_rejected_constraint": 0)" +
         figures + "}";
}

TEST(ReproductionView, MarksWhatWasPublishedOfAPlanner) {
  const std::string published = R"(, "published": {"status": "ok", "planner": "sailor",
    "throughput_iters_per_s": 0.25, "plans_rejected_oom": 0})";
  const HtmlSection section = section_of(reproduction(
      "sailor", planned("sailor", R"(, "throughput_iters_per_s": 0.5)" + published) + "," +
                    planned("sextant", R"(, "throughput_iters_per_s": 0.75)" + published)));
  EXPECT_EQ(section.evidence(), "replayed");
  EXPECT_EQ(count(section.html(), kPlot), 1);  // nobody has a cost
  EXPECT_EQ(count(section.html(), kMark), 1);  // sextant's own was never published
  EXPECT_THAT(section.html(), HasSubstr("a &amp; b"));
  EXPECT_THAT(section.html(), HasSubstr("data-value=\"0.75\""));
  EXPECT_THAT(section.html(), Not(HasSubstr("USD/iteration")));
}

TEST(ReproductionView, PutsPublishedErrorsBesideOurs) {
  const HtmlSection section =
      section_of(reproduction("sailor", R"({"status": "ok", "config": "N1", "quantity": "time",
    "estimator": "sailor", "evidence": "replayed", "measured": 2, "predicted": 1,
    "upper_bound": 1, "relative_error": -0.5,
    "published": {"predicted": 1.5, "relative_error": -0.25}},
    {"status": "ok", "config": "N1", "quantity": "time", "estimator": "sailor@planner-profile",
     "evidence": "replayed", "measured": 2, "predicted": 2, "upper_bound": 2, "relative_error": 0,
     "published": {"predicted": 1.5, "relative_error": -0.25}},
    {"status": "ok", "config": "N1", "quantity": "time", "estimator": "amp",
     "evidence": "replayed", "measured": 2, "predicted": 6, "upper_bound": 6, "relative_error": 2},
    {"status": "unpredicted", "config": "N2", "quantity": "time", "estimator": "sailor",
     "evidence": "replayed", "reason": "no profile"})"));
  EXPECT_EQ(count(section.html(), kPlot), 1);
  EXPECT_EQ(count(section.html(), ">sailor (published)<"), 1);
  EXPECT_THAT(section.html(), HasSubstr("Not drawn, for a median of more than 100 %: amp;"));
  EXPECT_THAT(section.html(), HasSubstr("data-value=\"-50\""));
  EXPECT_THAT(section.html(), HasSubstr("no profile"));
}

TEST(ReproductionView, DrawsMethodsOfServing) {
  const std::string latency = R"({"p5": 1, "p25": 2, "p50": 3, "p75": 4, "p95": 5})";
  const std::string helix =
      R"({"method": "helix", "status": "ok", "evidence": "estimated", "decode_tokens_per_s": 100,
         "prompt_latency_s": )" +
      latency + R"(, "published": {"method": "helix",
         "decode_tokens_per_s": 101, "prompt_latency_s": )" +
      latency + "}}";
  const HtmlSection section = section_of(reproduction(
      "helix", helix + R"(, {"method": "petals", "status": "infeasible", "evidence": "estimated",
                             "reason": "too small"})",
      R"(, "summary": [{"method": "helix", "decode_throughput": 1, "published_figures": 11,
                        "published_figures_met": 11}])"));
  EXPECT_EQ(count(section.html(), kPlot), 2);  // throughput and prompts; no decode latency
  EXPECT_EQ(count(section.html(), kMark), 1 + 5);
  EXPECT_THAT(section.html(), HasSubstr("too small"));
  EXPECT_THAT(section.html(), HasSubstr("met to the digit"));
}

TEST(ReproductionView, DrawsDivisionsAndSimulations) {
  const HtmlSection divided =
      section_of(reproduction("libra", R"({"network": "2D", "workload": "17B", "target": "Perf",
    "loop": "NoOverlap", "total_gb_per_s": 100, "evidence": "estimated",
    "bandwidth_gb_per_s": [60, 40], "objective": 1e6, "time_s": 0.001, "cost_usd": 5,
    "gain_over_equal": 1.25, "kkt_residual": 0, "published": {"objective": 1e6,
    "relative_error": 1e-15, "bandwidth_gb_per_s": [60, 40]}})"));
  EXPECT_EQ(count(divided.html(), kPlot), 1);
  EXPECT_THAT(divided.html(), HasSubstr("60 / 40"));
  const std::string row = R"({"network": "2D", "workload": "17B", "configuration": "EqualBW",
    "total_gb_per_s": 100, "evidence": "estimated", "bandwidth_gb_per_s": [50, 50],
    "within_limits": true, "time_s": 0.001, "cost_usd": 5, "speedup": 1})";
  const HtmlSection simulated = section_of(reproduction("libra", row));
  EXPECT_EQ(count(simulated.html(), kPlot), 1);
  const HtmlSection recorded = section_of(reproduction("libra", R"({"network": "2D",
    "workload": "w.txt", "configuration": "2d_equal", "link_bw": [50, 50], "links": [1, 1],
    "total_gb_per_s": 100, "evidence": "estimated", "time_s": 0.5, "cost_usd": 5,
    "recorded": {"time_s": 0.5, "relative_error": 0}})"));
  EXPECT_EQ(count(recorded.html(), kMark), 1);
}

TEST(ReproductionView, DrawsNothingOfNoRows) {
  const HtmlSection section = section_of(reproduction("libra", ""));
  EXPECT_EQ(count(section.html(), kPlot), 0);
  EXPECT_THAT(section.html(), HasSubstr("no rows"));
}

}  // namespace
}  // namespace sextant
