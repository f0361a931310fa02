#include "analyzer/report/line_chart.h"

#include <limits>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"

namespace sextant {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

LineChart chart() {
  return {.title = "speed & <more>",
          .x_label = "GB/s",
          .evidence = "estimated",
          .caption = "Of a model.",
          .open = "beyond a limit",
          .series = {"ours", "theirs"},
          .panels = {{"left", "speedup", {{{100, 1}, {200, 2, true}}, {{200, 1}}}},
                     {"right", "speedup", {{{100, 4}}, {}}}},
          .columns = 2};
}

double attribute(const std::string& text, std::size_t from, const std::string& name) {
  const std::size_t at = text.find(name + "=\"", from) + name.size() + 2;
  return std::stod(text.substr(at));
}

std::size_t circle_of(const std::string& text, const std::string& tooltip) {
  return text.rfind("<circle", text.find("<title>" + tooltip));
}

// Two panels of 450 pixels for 0 … 200 GB/s; both axes go to 4, over 190 pixels.
TEST(LineChart, PutsPointsAndLinesWhereTheyBelong) {
  const std::string text = svg(chart());
  const std::size_t first = circle_of(text, "ours: 1.00 at 100");
  const std::size_t second = circle_of(text, "ours: 2.00 at 200");
  const std::size_t right = circle_of(text, "ours: 4.00 at 100");
  const double x = attribute(text, first, "cx"), y = attribute(text, first, "cy");
  EXPECT_NEAR(attribute(text, second, "cx"), x + 225, 0.11);
  EXPECT_NEAR(attribute(text, second, "cy"), y - 47.5, 0.11);
  EXPECT_NEAR(attribute(text, right, "cy"), y - 3 * 47.5, 0.11);
  EXPECT_GT(attribute(text, right, "cx"), x + 450);
  EXPECT_THAT(text, HasSubstr(fmt::format("d=\"M{:.1f} {:.1f}L{:.1f}", x, y, x + 225)));
  for (const char* part : {"speed &amp; &lt;more&gt;", "Evidence: estimated. Of a model.", ">left<",
                           ">right<", ">theirs<", ">GB/s<", ">speedup<", ">beyond a limit<"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
  EXPECT_EQ(svg(chart()), text);
}

TEST(LineChart, DrawsOpenPointsHollowAndTheLineToThemDashed) {
  const std::string text = svg(chart());
  const auto element = [&](std::size_t at) { return text.substr(at, text.find('>', at) - at); };
  EXPECT_THAT(element(circle_of(text, "ours: 2.00 at 200")), HasSubstr("sx-back"));
  EXPECT_THAT(element(circle_of(text, "ours: 1.00 at 100")), Not(HasSubstr("sx-back")));
  LineChart closed = chart();
  closed.panels[0].lines[0][1].open = false;
  EXPECT_THAT(text, HasSubstr("stroke-dasharray"));
  EXPECT_THAT(svg(closed), Not(HasSubstr("stroke-dasharray")));
  EXPECT_THAT(svg(closed), Not(HasSubstr("beyond a limit")));
}

TEST(LineChart, PanelsOfAnotherLabelHaveAScaleOfTheirOwn) {
  LineChart other = chart();
  EXPECT_THAT(svg(other), Not(HasSubstr(">1.8<")));
  other.panels[1].y_label = "cost";
  EXPECT_THAT(svg(other), HasSubstr(">1.8<"));
}

TEST(LineChart, NamesNoSeriesThatHasNoPoints) {
  LineChart one = chart();
  one.panels[0].lines[1].clear();
  EXPECT_THAT(svg(one), Not(HasSubstr(">theirs<")));
}

TEST(LineChart, RefusesWhatCannotBeDrawn) {
  const auto expect_refused = [](const auto& change) {
    LineChart one = chart();
    change(one);
    EXPECT_THROW(svg(one), Error);
  };
  expect_refused([](LineChart& one) { one.panels.clear(); });
  expect_refused([](LineChart& one) { one.columns = 0; });
  expect_refused([](LineChart& one) { one.series.pop_back(); });
  expect_refused([](LineChart& one) { one.open.clear(); });
  expect_refused([](LineChart& one) { one.panels[0].lines[0][1].x = 50; });
  expect_refused([](LineChart& one) { one.panels[0].lines[0][0].y = -1; });
  expect_refused([](LineChart& one) {
    one.panels[0].lines[0][0].y = std::numeric_limits<double>::infinity();
  });
  expect_refused([](LineChart& one) {
    for (LineChart::Panel& panel : one.panels) panel.lines = {{}, {}};
  });
}

}  // namespace
}  // namespace sextant
