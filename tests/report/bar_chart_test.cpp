#include "analyzer/report/bar_chart.h"

#include <limits>

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
  chart.y_label = "iterations/s";
  chart.evidence = "replayed";
  chart.series = {{"sailor", true}, {"sailor", false}, {"sextant", false}};
  chart.groups = {{"32xA100-40", {0.125, 0.125, 0.131}}, {"64xA100-40", {0.2, 0.2, std::nullopt}}};
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
  EXPECT_THAT(picture, HasSubstr(">sailor (published)</text>"));
  EXPECT_THAT(picture, HasSubstr(">sextant</text>"));
  EXPECT_THAT(picture, HasSubstr(">Evidence: replayed.</text>"));
  EXPECT_THAT(picture, HasSubstr(">0.20</text>"));  // the axis ends at the largest value
}

TEST(BarChart, PublishedFiguresAreHatchedInTheColourOfOurs) {
  const std::string picture = svg(sample());
  EXPECT_EQ(count(picture, "<pattern "), 1U);
  EXPECT_EQ(count(picture, "fill=\"url(#sx-hatch-0)\""), 3U);  // the legend and two bars
  EXPECT_EQ(count(picture, "fill=\"#0072b2\""), 3U);
}

TEST(BarChart, EqualChartsGiveEqualBytes) {
  EXPECT_EQ(svg(sample()), svg(sample()));
}

TEST(BarChart, HostileNamesStayText) {
  BarChart chart = sample();
  chart.title = "<script>alert(1)</script>";
  chart.groups[0].name = "\"/><image href='file:///etc/passwd'/>\x01\xff%n";
  chart.series[1].name = "]]>&lt;";
  const std::string picture = svg(chart);
  EXPECT_THAT(picture, Not(HasSubstr("<script")));
  EXPECT_THAT(picture, Not(HasSubstr("<image")));
  EXPECT_THAT(picture, Not(HasSubstr("\x01")));
  EXPECT_THAT(picture, HasSubstr("&lt;script&gt;alert(1)"));
}

TEST(BarChart, RefusesWhatCannotBeDrawn) {
  BarChart chart = sample();
  chart.groups[1].values.pop_back();
  EXPECT_THROW(svg(chart), Error);
  for (const double bad :
       {-1.0, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    chart = sample();
    chart.groups[0].values[0] = bad;
    EXPECT_THROW(svg(chart), Error) << bad;
  }
  chart = sample();
  chart.groups.clear();
  EXPECT_THROW(svg(chart), Error);
}

TEST(BarChart, AllZeroesAndVeryLongNamesAreDrawn) {
  BarChart chart = sample();
  chart.groups = {{std::string(5000, 'x'), {0.0, 0.0, 0.0}}};
  EXPECT_LT(svg(chart).size(), 40'000U);
}

}  // namespace
}  // namespace sextant
