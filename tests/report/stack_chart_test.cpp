#include "analyzer/report/stack_chart.h"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"

namespace sextant {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

StackChart chart() {
  return {.title = "Memory <of> GPUs",
          .x_label = "GiB",
          .limit_name = "capacity",
          .evidence = "estimated",
          .caption = "",
          .parts = {"weights", "nothing", "states"},
          .rows = {{"a", {1, 0, 3}, 8, "4 of 8"}, {"<b>", {2, 0, 0}, 8, ""}}};
}

// The axis ends at 8 GiB over 560 pixels: 1 GiB is 70 of them, 3 are 210.
TEST(StackChart, StacksPartsToScale) {
  const std::string text = svg(chart());
  EXPECT_THAT(text,
              HasSubstr("width=\"70.0\" height=\"16\" fill=\"#0072b2\"><title>weights: 1 GiB"));
  EXPECT_THAT(text,
              HasSubstr("width=\"210.0\" height=\"16\" fill=\"#009e73\"><title>states: 3 GiB"));
  EXPECT_THAT(text, HasSubstr("&lt;b&gt;"));
  EXPECT_THAT(text, HasSubstr(">capacity<"));
  EXPECT_THAT(text, HasSubstr(">4 of 8<"));
  EXPECT_THAT(text, HasSubstr("Evidence: estimated."));
  EXPECT_THAT(text, Not(HasSubstr(">nothing<")));
  EXPECT_EQ(svg(chart()), text);
}

TEST(StackChart, RefusesWhatCannotBeDrawn) {
  const auto expect_refused = [](const auto& change) {
    StackChart one = chart();
    change(one);
    EXPECT_THROW(svg(one), Error);
  };
  expect_refused([](StackChart& one) { one.rows.clear(); });
  expect_refused([](StackChart& one) { one.parts.pop_back(); });
  expect_refused([](StackChart& one) { one.rows[0].parts[0] = -1; });
  expect_refused(
      [](StackChart& one) { one.rows[0].limit = std::numeric_limits<double>::infinity(); });
}

}  // namespace
}  // namespace sextant
