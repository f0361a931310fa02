#include "analyzer/report/flow_chart.h"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"

namespace sextant {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

FlowChart chart() {
  return {.title = "Flow & <more>",
          .evidence = "estimated",
          .caption = "",
          .unit = "tokens/s",
          .source = "coordinator",
          .boxes = {{"first", "A100", "layers 0 to 3", 100, 100},
                    {"left", "T4", "layers 4 to 7", 25, 50},
                    {"right", "T4", "layers 4 to 7", 75, {}}},
          .edges = {{FlowChart::kOutside, 0, 100, true},
                    {0, 1, 25, false},
                    {0, 2, 75, false},
                    {1, FlowChart::kOutside, 25, false},
                    {2, FlowChart::kOutside, 75, false}}};
}

double y_of(const std::string& text, const std::string& name) {
  const std::size_t at = text.find("<title>" + name + ",");
  const std::size_t y = text.find(" y=\"", at) + 4;
  return std::stod(text.substr(y));
}

TEST(FlowChart, DrawsWhoeverReceivesBelowWhoeverSends) {
  const std::string text = svg(chart());
  EXPECT_LT(y_of(text, "first"), y_of(text, "left"));
  EXPECT_EQ(y_of(text, "left"), y_of(text, "right"));
  EXPECT_THAT(text, HasSubstr("Flow &amp; &lt;more&gt;"));
  EXPECT_THAT(text, HasSubstr("Evidence: estimated."));
  EXPECT_EQ(svg(chart()), text);
}

// 1 + 13 × 25/100 pixels.
TEST(FlowChart, DrawsLinksAsWideAsTheirFlow) {
  const std::string text = svg(chart());
  EXPECT_THAT(text, HasSubstr("stroke-width=\"14.0\"><title>coordinator to first: 100 tokens/s, "
                              "all that it can carry"));
  EXPECT_THAT(text, HasSubstr("stroke-width=\"4.2\"><title>first to left: 25.0 tokens/s<"));
}

TEST(FlowChart, SaysInWordsWhatIsFull) {
  const std::string text = svg(chart());
  EXPECT_THAT(text, HasSubstr(">100 of 100, full<"));
  EXPECT_THAT(text, HasSubstr(">25.0 of 50.0 tokens/s<"));
  EXPECT_THAT(text, HasSubstr(">75.0 tokens/s<"));
  FlowChart idle = chart();
  idle.boxes[0].flow = 99;
  idle.edges[0].saturated = false;
  EXPECT_THAT(svg(idle), Not(HasSubstr("all that it can carry")));
}

TEST(FlowChart, BearsLinksBack) {
  FlowChart back = chart();
  back.edges.push_back({2, 0, 1, false});
  EXPECT_LT(y_of(svg(back), "first"), y_of(svg(back), "right"));
}

TEST(FlowChart, RefusesWhatCannotBeDrawn) {
  const auto expect_refused = [](const auto& change) {
    FlowChart one = chart();
    change(one);
    EXPECT_THROW(svg(one), Error);
  };
  expect_refused([](FlowChart& one) { one.boxes.clear(); });
  expect_refused([](FlowChart& one) { one.edges[0].to = 3; });
  expect_refused([](FlowChart& one) { one.edges[0].flow = -1; });
  expect_refused([](FlowChart& one) { one.boxes[0].capacity = 0; });
  expect_refused(
      [](FlowChart& one) { one.boxes[0].flow = std::numeric_limits<double>::infinity(); });
}

}  // namespace
}  // namespace sextant
