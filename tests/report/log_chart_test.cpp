#include "analyzer/report/log_chart.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"

namespace sextant {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

LogChart chart() {
  return {.title = "messages & <more>",
          .x_label = "message",
          .x_unit = "B",
          .evidence = "replayed",
          .caption = "Of a link.",
          .series = {{.name = "measured"}, {.name = "roof", .dots = false, .dashed = true}},
          .panels = {{"time",
                      "time",
                      "s",
                      {{{.x = 1e3, .y = 1e-4, .low = 1e-5, .high = 1e-3, .name = "<i>"},
                        {.x = 1e5, .y = 1e-2}},
                       {{.x = 1e3, .y = 1e-5}, {.x = 1e5, .y = 1e-3}}}}}};
}

double attribute(const std::string& text, std::size_t from, const std::string& name) {
  const std::size_t at = text.find(name + "=\"", from) + name.size() + 2;
  return std::stod(text.substr(at));
}

// Two decades over 620 pixels and three over 240.
TEST(LogChart, PutsPointsByTheirLogarithms) {
  const std::string text = svg(chart());
  const std::size_t first = text.rfind("<circle", text.find("<title>&lt;i&gt;: "));
  const std::size_t second = text.rfind("<circle", text.find("<title>measured: 0.010 s at"));
  ASSERT_NE(second, std::string::npos);
  EXPECT_NEAR(attribute(text, second, "cx") - attribute(text, first, "cx"), 620, 0.11);
  EXPECT_NEAR(attribute(text, first, "cy") - attribute(text, second, "cy"), 160, 0.11);
  const double y = attribute(text, first, "cy");
  EXPECT_THAT(text, HasSubstr(fmt::format("{:.1f}V{:.1f}\"", y + 80, y - 80)));
  for (const char* part : {"messages &amp; &lt;more&gt;", "Evidence: replayed. Of a link.",
                           ">10 kB<", ">100 µs<", ">roof<", "stroke-dasharray"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
  EXPECT_EQ(svg(chart()), text);
}

TEST(LogChart, ASeriesWithoutDotsHasALineOnlyAndOneWithoutPointsNoEntry) {
  LogChart dots = chart();
  EXPECT_THAT(svg(dots), Not(HasSubstr("<title>roof: ")));
  dots.panels[0].lines[1].clear();
  EXPECT_THAT(svg(dots), Not(HasSubstr(">roof<")));
}

TEST(LogChart, RefusesWhatALogarithmCannotDraw) {
  const auto refused = [](const LogChart& bad) {
    try {
      svg(bad);
    } catch (const Error& error) {
      return error.code() == ErrorCode::kInternal;
    }
    return false;
  };
  LogChart bad = chart();
  bad.panels[0].lines[0][0].y = 0;
  EXPECT_TRUE(refused(bad));
  bad = chart();
  bad.panels[0].lines[0][0].low = -1;
  EXPECT_TRUE(refused(bad));
  bad = chart();
  std::swap(bad.panels[0].lines[0][0], bad.panels[0].lines[0][1]);
  EXPECT_TRUE(refused(bad));
  bad = chart();
  bad.panels[0].lines = {{}, {}};
  EXPECT_TRUE(refused(bad));
  bad = chart();
  bad.series.pop_back();
  EXPECT_TRUE(refused(bad));
  bad = chart();
  bad.panels.clear();
  EXPECT_TRUE(refused(bad));
}

}  // namespace
}  // namespace sextant
