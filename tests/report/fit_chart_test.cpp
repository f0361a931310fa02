#include "analyzer/report/fit_chart.h"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"

namespace sextant {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

FitChart chart() {
  return {.title = "links & <more>",
          .x_label = "message",
          .y_label = "time",
          .evidence = "replayed",
          .caption = "",
          .panels = {{.title = "one",
                      .remark = "",
                      .dots = {{1000, 1e-5, 0.02}, {1e6, 1e-3, -0.01}},
                      .curve = {{1000, 1.02e-5}, {1e6, 0.99e-3}},
                      .band = 0.04}}};
}

// 1 kB … 1 MB over 380 pixels from x = 16 + 66, and 10 us … 1 ms over 210: the points stand in the
// corners of the plot.
TEST(FitChart, PutsPointsOnLogarithmicAxes) {
  const std::string text = svg(chart());
  EXPECT_THAT(text, HasSubstr("cx=\"82.0\""));
  EXPECT_THAT(text, HasSubstr("cx=\"462.0\""));
  EXPECT_THAT(text, HasSubstr("1 kB"));
  EXPECT_THAT(text, HasSubstr("1 MB"));
  EXPECT_THAT(text, HasSubstr("10 µs"));
  EXPECT_THAT(text, HasSubstr("1 ms"));
  EXPECT_THAT(text, HasSubstr("+4 %"));  // the residuals' axis holds the band
  EXPECT_THAT(text, HasSubstr("links &amp; &lt;more&gt;"));
  EXPECT_THAT(text, HasSubstr("Evidence: replayed."));
  EXPECT_EQ(svg(chart()), text);
}

TEST(FitChart, RefusesWhatCannotBeDrawn) {
  FitChart empty = chart();
  empty.panels.clear();
  EXPECT_THROW(svg(empty), Error);
  FitChart zero = chart();
  zero.panels[0].dots[0].y = 0;
  EXPECT_THROW(svg(zero), Error);
  FitChart endless = chart();
  endless.panels[0].curve[1].y = std::numeric_limits<double>::infinity();
  EXPECT_THROW(svg(endless), Error);
  FitChart bare = chart();
  bare.panels[0].dots.clear();
  EXPECT_THROW(svg(bare), Error);
}

}  // namespace
}  // namespace sextant
