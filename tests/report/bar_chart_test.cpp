#include "analyzer/report/bar_chart.h"

#include <limits>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"

namespace sextant {
namespace {

using testing::HasSubstr;
using testing::Not;

BarChart sample() {
  BarChart chart;
  chart.title = "Throughput";
  chart.evidence = "replayed";
  chart.series = {"sailor", "amp", "sextant"};
  chart.panels = {{"",
                   "iterations/s",
                   {{"32xA100-40", {0.125, 0.125, 0.131}, {0.125, std::nullopt, std::nullopt}},
                    {"64xA100-40", {0.2, 0.2, std::nullopt}}}}};
  return chart;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++found;
  }
  return found;
}

TEST(BarChart, DrawsEveryBarLabelAndLegendEntry) {
  const std::string picture = svg(sample());
  EXPECT_EQ(count(picture, "</title></rect>"), 5U);  // 2 groups of 3, one has no value
  EXPECT_THAT(picture, HasSubstr(">0.131</text>"));
  EXPECT_THAT(picture, HasSubstr(">none</text>"));
  EXPECT_THAT(picture, HasSubstr(">published</text>"));
  EXPECT_THAT(picture, HasSubstr(">sextant</text>"));
  EXPECT_THAT(picture, HasSubstr(">Evidence: replayed.</text>"));
  EXPECT_THAT(picture, HasSubstr(">0.20</text>"));  // the axis ends at the largest value
}

TEST(BarChart, LabelsHaveThreeDigits) {
  BarChart chart = sample();
  chart.panels[0].groups = {{"a", {0.031728, 0.0323, 1234}}};
  const std::string picture = svg(chart);
  for (const char* label : {">0.0317</text>", ">0.0323</text>", ">1,234</text>"}) {
    EXPECT_THAT(picture, HasSubstr(label));
  }
}

TEST(BarChart, PublishedFiguresAreMarkedAcrossOurs) {
  BarChart chart = sample();
  std::string picture = svg(chart);
  EXPECT_EQ(count(picture, "class=\"sx-mark\""), 2U);  // the legend and one bar
  EXPECT_THAT(picture, HasSubstr("<title>32xA100-40, sailor (published): 0.125</title>"));
  chart.panels[0].groups[0].published = {std::nullopt, std::nullopt, 0.4};
  EXPECT_THAT(svg(chart), HasSubstr(">0.4</text>"));  // the axis has room for it
  chart.panels[0].groups[0].published.clear();
  picture = svg(chart);
  EXPECT_EQ(count(picture, "class=\"sx-mark\""), 0U);
  EXPECT_THAT(picture, Not(HasSubstr("published")));
}

TEST(BarChart, EqualChartsGiveEqualBytes) {
  EXPECT_EQ(svg(sample()), svg(sample()));
}

TEST(BarChart, HostileNamesStayText) {
  BarChart chart = sample();
  chart.title = "<script>alert(1)</script>";
  chart.panels[0].groups[0].name = "\"/><image href='file:///etc/passwd'/>\x01\xff%n";
  chart.series[1] = "]]>&lt;";
  const std::string picture = svg(chart);
  EXPECT_THAT(picture, Not(HasSubstr("<script")));
  EXPECT_THAT(picture, Not(HasSubstr("<image")));
  EXPECT_THAT(picture, Not(HasSubstr("\x01")));
  EXPECT_THAT(picture, HasSubstr("&lt;script&gt;alert(1)"));
}

TEST(BarChart, RefusesWhatCannotBeDrawn) {
  BarChart chart = sample();
  chart.panels[0].groups[1].values.pop_back();
  EXPECT_THROW(svg(chart), Error);
  chart = sample();
  chart.panels[0].groups[0].published.pop_back();
  EXPECT_THROW(svg(chart), Error);
  for (const double bad :
       {-1.0, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    chart = sample();
    chart.panels[0].groups[0].values[0] = bad;
    EXPECT_THROW(svg(chart), Error) << bad;
  }
  chart = sample();
  chart.panels[0].groups.clear();
  EXPECT_THROW(svg(chart), Error);
  chart.panels.clear();
  EXPECT_THROW(svg(chart), Error);
  chart = sample();
  chart.columns = 0;
  EXPECT_THROW(svg(chart), Error);
}

/// The height of each bar, in the order in which they are drawn; legend swatches are not bars.
std::vector<double> heights(const std::string& picture) {
  std::vector<double> found;
  for (std::size_t at = picture.find("<rect x="); at != std::string::npos;
       at = picture.find("<rect x=", at + 1)) {
    const std::string element = picture.substr(at, picture.find("</rect>", at) - at);
    if (element.find("<title>") == std::string::npos) continue;
    found.push_back(std::stod(element.substr(element.find("height=\"") + 8)));
  }
  return found;
}

TEST(BarChart, PanelsShareLegendAndTheScaleOfTheirLabel) {
  BarChart chart = sample();
  chart.columns = 2;
  chart.panels = {{"one", "iterations/s", {{"a", {0.5, 0.5, 1.0}}}},
                  {"two", "iterations/s", {{"a", {std::nullopt, 0.25, 0.5}}}},
                  {"three", "USD", {{"a", {4.0, 4.0, 8.0}}}}};
  const std::string picture = svg(chart);
  // Twice as high where it is twice as much, in both panels; dollars have an axis of their own.
  const std::vector<double> bars = heights(picture);
  ASSERT_EQ(bars.size(), 8U);
  EXPECT_DOUBLE_EQ(bars[2], 260);
  EXPECT_DOUBLE_EQ(bars[4], bars[0]);
  EXPECT_DOUBLE_EQ(bars[3], bars[0] / 2);
  EXPECT_DOUBLE_EQ(bars[7], 2 * bars[6]);
  EXPECT_EQ(count(picture, ">sailor</text>"), 1U);
  EXPECT_EQ(count(picture, ">none</text>"), 1U);
  for (const char* name : {">one</text>", ">two</text>", ">three</text>"}) {
    EXPECT_EQ(count(picture, name), 1U) << name;
  }
  EXPECT_EQ(count(picture, ">iterations/s</text>"), 2U);
}

TEST(BarChart, AllZeroesAndVeryLongNamesAreDrawn) {
  BarChart chart = sample();
  chart.panels[0].groups = {{std::string(5000, 'x'), {0.0, 0.0, 0.0}}};
  EXPECT_LT(svg(chart).size(), 40'000U);
}

}  // namespace
}  // namespace sextant
