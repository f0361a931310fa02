#include "analyzer/report/front_chart.h"

#include <algorithm>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"

namespace sextant {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

FrontChart chart() {
  return {.title = "plans & <more>",
          .x_label = "USD",
          .y_label = "speed",
          .evidence = "estimated",
          .caption = "Hollow: not proved.",
          .points = {{4, 100, "four", true}, {1, 50, "one", false}}};
}

// The axes are 0 … 4 over 620 pixels and 0 … 100 over 320: 1 is a quarter of the width, 50 the
// middle of the height, and (4, 100) the upper right corner.
TEST(FrontChart, PutsPointsAndStairsWhereTheyBelong) {
  const std::string text = svg(chart());
  const auto attribute = [&](std::size_t from, const std::string& name) {
    const std::size_t at = text.find(name + "=\"", from) + name.size() + 2;
    return std::stod(text.substr(at));
  };
  const std::size_t cheap = text.find("<circle");
  const std::size_t fast = text.find("<circle", cheap + 1);
  const double left = attribute(fast, "cx") - 620;
  const double foot = attribute(fast, "cy") + 320;
  EXPECT_NEAR(attribute(cheap, "cx"), left + 155, 0.11);
  EXPECT_NEAR(attribute(cheap, "cy"), foot - 160, 0.11);
  // From the foot up to the first, on to the second, up to it.
  const std::size_t path = text.find("fill=\"none\"");
  const std::size_t begin = text.rfind("d=\"", path);
  const std::string stairs = text.substr(begin, path - begin);
  EXPECT_EQ(std::count(stairs.begin(), stairs.end(), 'H'), 3);
  EXPECT_EQ(std::count(stairs.begin(), stairs.end(), 'V'), 2);
  EXPECT_LT(stairs.find('M'), stairs.find('V'));
  for (const char* part : {"plans &amp; &lt;more&gt;", "Evidence: estimated. Hollow: not proved.",
                           ">four<", ">one<", ">USD<", ">speed<", "one: 50"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
  EXPECT_EQ(svg(chart()), text);
}

TEST(FrontChart, DrawsWhatIsNotCertainHollow) {
  const std::string text = svg(chart());
  const std::size_t cheap = text.find("<circle");
  const std::string circle = text.substr(cheap, text.find('>', cheap) - cheap);
  EXPECT_THAT(circle, HasSubstr("class=\"sx-back\""));
  EXPECT_THAT(circle, Not(HasSubstr("fill")));
}

TEST(FrontChart, BeginsNearTheLeastWhereValuesLieCloseTogether) {
  FrontChart close = chart();
  close.points = {{0.37, 1, "a", true}, {0.41, 5, "b", true}};
  const std::string text = svg(close);
  EXPECT_THAT(text, HasSubstr(">0.37<"));
  EXPECT_THAT(text, HasSubstr(">0.41<"));
  EXPECT_THAT(text, Not(HasSubstr(">0.36<")));
  close.points.pop_back();  // one alone
  EXPECT_THAT(svg(close), HasSubstr(">0.4<"));
  close.points[0].x = 0;  // GPUs that cost nothing
  EXPECT_THAT(svg(close), HasSubstr("<circle"));
}

TEST(FrontChart, LeavesOutNamesThatWouldMeet) {
  FrontChart crowded = chart();
  crowded.points.push_back({4.0, 99.9, "nearly four", true});
  const std::string text = svg(crowded);
  EXPECT_THAT(text, HasSubstr("nearly four: 99.9"));
  EXPECT_THAT(text, HasSubstr(">four<"));
  EXPECT_THAT(text, Not(HasSubstr(">nearly four<")));
}

TEST(FrontChart, RefusesWhatCannotBeDrawn) {
  FrontChart empty = chart();
  empty.points.clear();
  EXPECT_THROW(svg(empty), Error);
  FrontChart negative = chart();
  negative.points[0].y = -1;
  EXPECT_THROW(svg(negative), Error);
  FrontChart endless = chart();
  endless.points[1].x = std::numeric_limits<double>::infinity();
  EXPECT_THROW(svg(endless), Error);
}

}  // namespace
}  // namespace sextant
