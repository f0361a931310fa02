#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "tests/report/views/view_of_text.h"

namespace sextant {
namespace {

using testing::count;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::section_of;

constexpr const char* kPlot = "<figure class=\"plot";

std::string figures(const std::string& simulated) {
  return R"("network": "N<1>", "npus": 16, "loop": "NoOverlap", "compute_scale": 1,
    "evidence": "estimated", "bandwidth_gb_per_s": [75, 25], "time_s": 0.008, "cost_usd": 1000,
    "cost_convention": "own-links",
    "dimensions": [{"block": "Ring", "npus": 4, "tier": "Node", "bottleneck_of": ["tensor"]},
                   {"block": "Switch", "npus": 4, "tier": "Pod", "bottleneck_of": []}],
    "workloads": [{"workload": "w", "weight": 1, "time_s": 0.008, "compute_s": 0.005,
      "utilisation": [0.5, 0.25], "groups": [
        {"group": "tensor", "npus": 4, "shape": [4, 1], "exposed_s": 0.003,
         "sent_bytes": [2e9, 0]},
        {"group": "data", "npus": 1, "shape": [1, 1]}])" +
         simulated + "}]";
}

TEST(TopologyEvaluationView, ShowsWhereTimeGoes) {
  const HtmlSection section =
      section_of(R"({"schema": "sextant/topology_evaluation/1.0", )" + figures("") + "}");
  EXPECT_EQ(section.title(), "Training on network N<1>");
  EXPECT_EQ(count(section.html(), kPlot), 2);
  EXPECT_THAT(section.html(), HasSubstr("B0 Ring(4) Node"));
  EXPECT_THAT(section.html(), HasSubstr("waits for tensor"));
  EXPECT_THAT(section.html(), HasSubstr("data-value=\"75\">75.0<"));
  EXPECT_THAT(section.html(), HasSubstr("4 × 1"));
  EXPECT_THAT(section.html(), Not(HasSubstr(">waits<")));
  const HtmlSection both =
      section_of(R"({"schema": "sextant/topology_evaluation/1.0", )" +
                 figures(R"(, "simulated": {"time_s": 0.009, "compute_s": 0.005, "exposed_s": 0.004,
        "drain_s": 0.001, "sent_bytes": [2e9, 0], "utilisation": [0.5, 0.25]})") +
                 "}");
  EXPECT_THAT(both.html(), HasSubstr(">waits<"));
}

TEST(TopologyEvaluationView, NamesABandwidthTooFew) {
  std::string text = R"({"schema": "sextant/topology_evaluation/1.0", )" + figures("") + "}";
  text.replace(text.find("[75, 25]"), 8, "[75]");
  EXPECT_THROW(section_of(text), Error);
}

TEST(BandwidthDivisionView, ShowsObjectiveBoundAndConstraints) {
  const std::string text = R"({"schema": "sextant/bandwidth_division/1.0", "method": "exact",
    "target": "PerfPerCost", "normalised": false, "total_gb_per_s": 100, )" +
                           figures("") + R"(, "objective": 8e6, "objective_unit": "ns*USD",
    "lower_bound": 6e6, "kkt_residual": 1e-12, "equal_split_objective": 12e6,
    "constraints": [{"constraint": "B0 >= <B1>", "binding": true, "gain_per_gb_per_s": -5e3}]})";
  const HtmlSection section = section_of(text);
  EXPECT_THAT(section.html(), HasSubstr("least time × cost"));
  EXPECT_THAT(section.html(), HasSubstr("<dd>25 %</dd>"));
  EXPECT_THAT(section.html(), HasSubstr("1.5 times as much"));
  EXPECT_THAT(section.html(), HasSubstr("B0 &gt;= &lt;B1&gt;"));
  EXPECT_THAT(section.html(), HasSubstr("data-value=\"-5000\""));
}

std::string front(const std::string& points) {
  return R"({"schema": "sextant/bandwidth_front/1.0", "network": "N", "npus": 16,
    "loop": "NoOverlap", "compute_scale": 1, "evidence": "estimated",
    "cost_convention": "own-links", "gap": 0.01, "best_time_times_cost": 1, "points": [)" +
         points + "]}";
}

TEST(BandwidthFrontView, DrawsTheFrontAndItsDivisions) {
  const HtmlSection section = section_of(front(
      R"({"bandwidth_gb_per_s": [60, 40], "time_s": 2, "cost_usd": 300, "seconds_per_usd": 0},
         {"bandwidth_gb_per_s": [90, 10], "time_s": 4, "cost_usd": 100, "seconds_per_usd": 0.01})"));
  EXPECT_EQ(count(section.html(), kPlot), 2);
  EXPECT_THAT(section.html(), HasSubstr("100 USD, least"));
  EXPECT_THAT(section.html(), HasSubstr("data-value=\"4000\""));
}

constexpr const char* kTopology = R"({"schema": "sextant/topology/1.0", "name": "two",
  "dimensions": [{"npus": 8, "block": "Ring", "tier": "Node"},
                 {"npus": 2, "block": "Switch", "tier": "Pod"}],
  "bandwidth_gb_per_s": [70, 30], "prices": {"Node": {"link": 4}, "Pod": {"link": 7.5, "nic": 31}}})";

TEST(NetworkShapesView, ListsTheBest) {
  const std::string shape = R"({"objective": 5, "time_s": 0.5, "cost_usd": 100, "kkt_residual": 0,
    "groups": [{"group": "data", "npus": 16, "shape": [8, 2]}, {"group": "tensor", "npus": 1,
    "shape": [1, 1]}], "topology": )" +
                            std::string(kTopology) + "}";
  // Alike but for rounding, which an axis must bear.
  std::string other = shape;
  other.replace(other.find("0.5"), 3, "0.50000000000000011");
  const HtmlSection section = section_of(
      R"({"schema": "sextant/network_shapes/1.0", "workload": "w", "npus": 16, "target": "Perf",
        "loop": "Overlap", "compute_scale": 1, "total_gb_per_s": 100, "evidence": "estimated",
        "objective_unit": "ns", "evaluated": 3, "pruned": 4, "shapes": [)" +
      shape + ", " + other + "]}");
  EXPECT_EQ(count(section.html(), kPlot), 1);
  EXPECT_THAT(section.html(), HasSubstr("Ring(8) Node | Switch(2) Pod"));
  EXPECT_THAT(section.html(), HasSubstr("data 8 × 2<"));
  EXPECT_THAT(section.html(), HasSubstr("70 / 30"));
}

TEST(TopologyView, ShowsDimensionsAndPrices) {
  const HtmlSection section = section_of(kTopology);
  EXPECT_EQ(section.evidence(), "");
  EXPECT_THAT(section.html(), HasSubstr("<dd>16</dd>"));
  EXPECT_THAT(section.html(), HasSubstr("data-value=\"31\""));
}

TEST(BandwidthSummaryView, DrawsWhatHasAPlateau) {
  const std::string begin = R"({"schema": "sextant/bandwidth_summary/1.0", "tool": "nccl-tests",
    "evidence": "replayed", "complete": false, "problems": ["short"], "ranks": 0, "overlaps": 0,
    "sweeps": [{"sweep": "all_reduce of 8", "op": "all_reduce", "pattern": "world",
      "world_size": 8, "level": "inside_node", )";
  const HtmlSection section =
      section_of(begin + R"("points": 9, "failures": 0, "plateau_bytes_per_s": 2.5e11}]})");
  EXPECT_EQ(count(section.html(), kPlot), 1);
  EXPECT_THAT(section.html(), HasSubstr("<p class=\"warning\">short</p>"));
  EXPECT_THAT(section.html(), HasSubstr("data-value=\"250\""));
  const HtmlSection none = section_of(begin + R"("points": 0, "failures": 3}]})");
  EXPECT_EQ(count(none.html(), kPlot), 0);
}

}  // namespace
}  // namespace sextant
