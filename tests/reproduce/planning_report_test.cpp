#include "reproduce/planning_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"

namespace sextant {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kSmall = "32xA100-40@hall+96xV100-16@hall";
constexpr const char* kLarge = "80xA100-40@hall+240xV100-16@hall";

PlannedRow row_of(const char* cluster, const char* planner, const char* estimator, double rate,
                  double usd) {
  PlannedRow row;
  row.cluster = cluster;
  row.planner = planner;
  row.estimator = estimator;
  row.feasible = rate > 0;
  row.worth = {rate, usd};
  row.plan = "b1: 26 layers";
  row.gpus_used = {{"A100-40@hall", 32}};
  return row;
}

/// Two clusters, two planners, two estimators; sailor finds nothing in one row.
std::vector<PlannedRow> some_rows() {
  std::vector<PlannedRow> rows;
  for (const char* estimator : {"sailor", "sextant"}) {
    for (const char* cluster : {kSmall, kLarge}) {
      rows.push_back(row_of(cluster, "sextant", estimator, 0.3, 0.5));
      rows.push_back(row_of(cluster, "sailor", estimator, 0.2, 0.6));
    }
  }
  rows[0].published = rows[1].published = {"sailor", PlannedRow::Worth{0.25, 0.75}, 3.0, 5};
  rows[3].published = {"sailor", std::nullopt, 2.0, 7};
  rows[1].as_published = {0.24, true, "another simulator"};
  rows[2].gap = 0.125;
  rows[0].gap = 0.0;
  rows[0].space = rows[2].space = "equal replicas";
  rows[0].gain_over_sailor = 1.5;
  rows[7].feasible = false;
  rows[7].reason = "does not fit";
  return rows;
}

TEST(PlanningChart, HasAPanelForEveryEstimatorAndMetric) {
  const PlannerFigure& figure = planner_figure_named("fig11");
  const BarChart chart = planning_chart(figure, some_rows(), metrics_of(figure));
  ASSERT_EQ(chart.panels.size(), 4U);
  EXPECT_EQ(chart.columns, 2U);
  EXPECT_EQ(chart.panels[0].y_label, "USD per iteration");  // the figure's objective comes first
  EXPECT_EQ(chart.panels[2].y_label, "iterations/s");
  EXPECT_EQ(chart.panels[1].name, "judged by estimator sextant");
  EXPECT_EQ(chart.series, (std::vector<std::string>{"sextant", "sailor"}));
  // What was published was judged by estimator sailor alone, and found on one of the clusters.
  EXPECT_EQ(chart.panels[0].groups[0].published[1], 0.75);
  EXPECT_EQ(chart.panels[0].groups[0].published[0], std::nullopt);
  EXPECT_EQ(chart.panels[0].groups[1].published[1], std::nullopt);
  EXPECT_EQ(chart.panels[1].groups[0].published[1], std::nullopt);
  EXPECT_EQ(chart.panels[3].groups[1].values[1], std::nullopt);  // infeasible
  EXPECT_EQ(chart.panels[3].groups[1].values[0], 0.3);
  EXPECT_EQ(chart.panels[3].groups[1].name, "80 A100-40 + 240 V100-16");
  EXPECT_EQ(chart.evidence, "replayed");
  EXPECT_THAT(svg(chart), HasSubstr(">none</text>"));
}

TEST(PlanningChart, LeavesOutWhatWasNotAskedFor) {
  std::vector<PlannedRow> rows = some_rows();
  std::erase_if(rows, [](const PlannedRow& row) { return row.estimator == "sailor"; });
  const BarChart chart =
      planning_chart(planner_figure_named("fig8b"), rows, {PlanMetric::kThroughput});
  ASSERT_EQ(chart.panels.size(), 1U);
  EXPECT_EQ(chart.panels[0].groups[0].published[1], std::nullopt);
  EXPECT_NO_THROW(svg(chart));
}

TEST(PlanningChart, ShowsWhatThePaperShows) {
  using Metrics = std::vector<PlanMetric>;
  EXPECT_EQ(metrics_of(planner_figure_named("fig7")), Metrics{PlanMetric::kThroughput});
  EXPECT_EQ(metrics_of(planner_figure_named("fig10")),
            (Metrics{PlanMetric::kThroughput, PlanMetric::kCost}));
  EXPECT_EQ(metrics_of(planner_figure_named("fig11")),
            (Metrics{PlanMetric::kCost, PlanMetric::kThroughput}));
  EXPECT_EQ(metrics_of(planner_figure_named("fig12")),
            (Metrics{PlanMetric::kThroughput, PlanMetric::kCost}));
}

TEST(PlanningTables, StandUnderTheirEstimator) {
  const std::string text = planning_tables(planner_figure_named("fig8b"), some_rows());
  const std::size_t second = text.find("Judged by estimator sextant:");
  ASSERT_NE(second, std::string::npos);
  // Ours is 50 % above planner sailor's; nothing can be better. Of sailor's plan the published
  // evaluation makes 4 % less than the published 0.25.
  EXPECT_THAT(text.substr(0, second),
              AllOf(HasSubstr("as published"), HasSubstr("0.24000"), HasSubstr("-4.0 %"),
                    HasSubstr("+50.0 %"), HasSubstr("best"), HasSubstr("12.5 %"),
                    HasSubstr("3.00 s"), EndsWith("at most be, among: equal replicas\n\n")));
  EXPECT_THAT(text.substr(second), AllOf(Not(HasSubstr("published")), HasSubstr("infeasible"),
                                         HasSubstr("does not fit")));
}

TEST(PlanningTables, AreOfTheObjective) {
  // Judged by its USD, 0.6 against the published 0.75.
  const std::string text = planning_tables(planner_figure_named("fig11"), some_rows());
  EXPECT_THAT(text, HasSubstr("0.75"));
  EXPECT_THAT(text, HasSubstr("+25.0 %"));
}

TEST(ShortClusterName, TakesZonesTogether) {
  EXPECT_EQ(short_cluster_name("32xA100-40@a"), "32 A100-40");
  EXPECT_EQ(short_cluster_name(kSmall), "32 A100-40 + 96 V100-16");
  EXPECT_EQ(short_cluster_name("8xA@a+8xA@b+8xA@c"), "3 × 8 A");
  EXPECT_EQ(short_cluster_name("8xA@a+4xB@a+8xA@b+2xB@b"), "2 × 8 A + 4, 2 B");
  EXPECT_THROW(short_cluster_name("a cluster"), Error);
}

}  // namespace
}  // namespace sextant
