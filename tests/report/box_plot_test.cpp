#include "analyzer/report/box_plot.h"

#include <algorithm>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"

namespace sextant {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::vector<BoxPlot::Value> values(const std::vector<double>& numbers) {
  std::vector<BoxPlot::Value> out;
  for (const double number : numbers) out.push_back({number, "v" + std::to_string(int(number))});
  return out;
}

BoxPlot plot() {
  return {.title = "errors & <more>",
          .y_label = "|error|, %",
          .evidence = "replayed",
          .caption = "Of nine runs.",
          .boxes = {{"ours", values({5, 1, 2, 3, 4, 6, 7, 8, 40}), "2 under", false},
                    {"theirs", values({10}), "", true},
                    {"nobody's", {}, "", false}}};
}

// Of 1 … 8 and 40, nine values, the quartiles are the 3rd and the 7th, 3 and 7: whiskers reach to
// the furthest within 6 of them, 1 and 8, and 40 lies beyond. The mean is 76 / 9.
TEST(BoxFigures, AreQuartilesAndTukeysWhiskers) {
  const BoxFigures figures = box_figures(values({5, 1, 2, 3, 4, 6, 7, 8, 40}));
  EXPECT_DOUBLE_EQ(figures.first_quartile, 3);
  EXPECT_DOUBLE_EQ(figures.median, 5);
  EXPECT_DOUBLE_EQ(figures.third_quartile, 7);
  EXPECT_DOUBLE_EQ(figures.low_whisker, 1);
  EXPECT_DOUBLE_EQ(figures.high_whisker, 8);
  EXPECT_DOUBLE_EQ(figures.mean, 76.0 / 9);
  ASSERT_EQ(figures.outliers.size(), 1U);
  EXPECT_EQ(figures.outliers[0].name, "v40");
}

TEST(BoxFigures, OfOneValueAreThatValue) {
  const BoxFigures figures = box_figures(values({3}));
  EXPECT_DOUBLE_EQ(figures.low_whisker, 3);
  EXPECT_DOUBLE_EQ(figures.median, 3);
  EXPECT_DOUBLE_EQ(figures.high_whisker, 3);
  EXPECT_TRUE(figures.outliers.empty());
}

// 0, 0, 0, 10: the third quartile 2.5 lies between values, and no value between it and its fence
// 6.25: the whisker does not hang below the box.
TEST(BoxFigures, WhiskersNeverEndInsideTheBox) {
  const BoxFigures figures = box_figures(values({0, 0, 0, 10}));
  EXPECT_DOUBLE_EQ(figures.third_quartile, 2.5);
  EXPECT_DOUBLE_EQ(figures.high_whisker, 2.5);
  EXPECT_EQ(figures.outliers.size(), 1U);
}

// The axis ends at 40 over 280 pixels, 7 a unit, so that the box from 3 to 7 is 28 high.
TEST(BoxPlot, DrawsBoxesPointsAndWhatTheyRestOn) {
  const std::string text = svg(plot());
  EXPECT_THAT(text, HasSubstr("height=\"28.0\" fill=\"#0072b2\" fill-opacity=\"0.3\""));
  EXPECT_THAT(text,
              HasSubstr("<title>ours: median 5.00, quartiles 3.00 and 7.00, mean 8.44, n = 9"));
  EXPECT_THAT(text, HasSubstr("<title>v40: 40.0</title>"));
  EXPECT_THAT(text, HasSubstr(">v40</text>"));
  EXPECT_THAT(text, HasSubstr(">n = 9</text>"));
  EXPECT_THAT(text, HasSubstr(">2 under</text>"));
  EXPECT_THAT(text, HasSubstr("theirs (published)"));
  EXPECT_THAT(text, HasSubstr("url(#sx-hatch-1)"));
  EXPECT_THAT(text, HasSubstr(">none</text>"));
  EXPECT_THAT(text, HasSubstr("Evidence: replayed. Of nine runs. Box: quartiles"));
  EXPECT_THAT(text, HasSubstr("errors &amp; &lt;more&gt;"));
  EXPECT_THAT(text, Not(HasSubstr("nan")));
  EXPECT_EQ(svg(plot()), text);
}

// The order of the values is nobody's business.
TEST(BoxPlot, DoesNotDependOnTheOrderOfValues) {
  BoxPlot turned = plot();
  std::reverse(turned.boxes[0].values.begin(), turned.boxes[0].values.end());
  EXPECT_EQ(svg(turned), svg(plot()));
}

// 40, 40.1 and 41 on an axis of 7 pixels a unit: names 11 pixels high have no room for each.
TEST(BoxPlot, LeavesOutNamesThatWouldOverlap) {
  BoxPlot crowded = plot();
  crowded.boxes[0].values.push_back({40.1, "w"});
  crowded.boxes[0].values.push_back({50, "far"});
  for (int i = 0; i < 9; ++i) crowded.boxes[0].values.push_back({5, "filler"});
  const std::string text = svg(crowded);
  EXPECT_THAT(text, HasSubstr(">v40</text>"));
  EXPECT_THAT(text, Not(HasSubstr(">w</text>")));
  EXPECT_THAT(text, HasSubstr("<title>w: 40.1</title>"));
  EXPECT_THAT(text, HasSubstr(">far</text>"));
}

// Behind the last box a point's name has room for itself: the picture is as much wider.
TEST(BoxPlot, HasRoomForTheLastName) {
  BoxPlot last = plot();
  last.boxes = {plot().boxes[1], plot().boxes[2], plot().boxes[0]};
  last.boxes[2].values[8].name = "clariden/N32_D8_M4_G32";
  EXPECT_THAT(svg(last), HasSubstr(">clariden/N32_D8_M4_G32</text>"));
  EXPECT_THAT(svg(plot()), HasSubstr("width=\"596\""));
  EXPECT_THAT(svg(last), Not(HasSubstr("width=\"596\"")));
}

TEST(BoxPlot, RefusesWhatCannotBeDrawn) {
  BoxPlot empty = plot();
  empty.boxes.clear();
  EXPECT_THROW(svg(empty), Error);
  for (const double bad :
       {-1.0, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    BoxPlot spoiled = plot();
    spoiled.boxes[1].values[0].value = bad;
    EXPECT_THROW(svg(spoiled), Error);
  }
}

}  // namespace
}  // namespace sextant
