#include "analyzer/report/step_chart.h"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"

namespace sextant {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

StepChart chart() {
  return {.title = "GPUs & <more>",
          .evidence = "estimated",
          .caption = "",
          .end_s = 7200,
          .panels = {{"GPUs", {{"in use", {{0, 4}, {3600, 8}}, true}, {"there", {{0, 10}}}}}}};
}

// 7200 s over 860 pixels from x = 16 + 66 = 82; 10 GPUs over 170 pixels: 4 are 68 and 8 are 136
// above the foot of the filled series, which is closed there.
TEST(StepChart, DrawsStepsOverTime) {
  const std::string text = svg(chart());
  const std::size_t area = text.find("V2");
  EXPECT_THAT(text, HasSubstr("H512.0L512.0 "));
  EXPECT_THAT(text, HasSubstr("H942.0V"));
  EXPECT_THAT(text, HasSubstr("H82.0Z"));
  ASSERT_NE(area, std::string::npos);
  const double foot = std::stod(text.substr(area + 1));
  EXPECT_THAT(text, HasSubstr("M82.0 " + std::to_string(static_cast<int>(foot) - 68)));
  EXPECT_THAT(text, HasSubstr("L512.0 " + std::to_string(static_cast<int>(foot) - 136)));
  EXPECT_THAT(text, HasSubstr(">minutes<"));
  EXPECT_THAT(text, HasSubstr(">120<"));
  EXPECT_THAT(text, HasSubstr("GPUs &amp; &lt;more&gt;"));
  EXPECT_THAT(text, HasSubstr("Evidence: estimated."));
  EXPECT_EQ(svg(chart()), text);
}

TEST(StepChart, ChoosesAUnitOfTime) {
  const auto with_end = [](double end_s) {
    StepChart one = chart();
    one.panels[0].series[0].steps.pop_back();
    one.end_s = end_s;
    return svg(one);
  };
  EXPECT_THAT(with_end(90), HasSubstr(">seconds<"));
  EXPECT_THAT(with_end(4 * 3600), HasSubstr(">hours<"));
  EXPECT_THAT(with_end(30 * 86400.0), HasSubstr(">days<"));
}

TEST(StepChart, RefusesWhatCannotBeDrawn) {
  const auto expect_refused = [](const auto& change) {
    StepChart one = chart();
    change(one);
    EXPECT_THROW(svg(one), Error);
  };
  expect_refused([](StepChart& one) { one.panels.clear(); });
  expect_refused([](StepChart& one) { one.panels[0].series.clear(); });
  expect_refused([](StepChart& one) { one.panels[0].series[0].steps.clear(); });
  expect_refused([](StepChart& one) { one.panels[0].series[0].steps[1].from_s = 7201; });
  expect_refused([](StepChart& one) { one.panels[0].series[0].steps[0].from_s = 3700; });
  expect_refused([](StepChart& one) { one.panels[0].series[0].steps[0].value = -1; });
  expect_refused([](StepChart& one) {
    one.panels[0].series[0].steps[0].value = std::numeric_limits<double>::infinity();
  });
  expect_refused([](StepChart& one) { one.end_s = 0; });
}

}  // namespace
}  // namespace sextant
