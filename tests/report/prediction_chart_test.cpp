#include "analyzer/report/prediction_chart.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"

namespace sextant {
namespace {

using ::testing::HasSubstr;

PredictionChart chart() {
  return {.title = "time",
          .unit = "s",
          .evidence = "measured-cpu",
          .caption = "",
          .series = {{"<ours>", {{1, 1, "exact"}, {4, 2, "half"}}}, {"theirs", {{2, 2.2, "c"}}}}};
}

double attribute(const std::string& text, std::size_t from, const std::string& name) {
  const std::size_t at = text.find(name + "=\"", from) + name.size() + 2;
  return std::stod(text.substr(at));
}

// The axes go from 1 / 1.06 to 4 * 1.06 over 380 pixels.
TEST(PredictionChart, BothAxesAreAlikeAndLogarithmic) {
  const std::string text = svg(chart());
  const std::size_t exact = text.rfind(
      "<circle", text.find("&lt;ours&gt;, exact: predicted 1.00 s, measured 1.00 s, +0.0 %"));
  const std::size_t half = text.rfind(
      "<circle", text.find("&lt;ours&gt;, half: predicted 2.00 s, measured 4.00 s, -50.0 %"));
  ASSERT_NE(half, std::string::npos);
  const double octave = 380 * std::log(2) / std::log(4 * 1.06 * 1.06);
  EXPECT_NEAR(attribute(text, half, "cx") - attribute(text, exact, "cx"), 2 * octave, 0.11);
  EXPECT_NEAR(attribute(text, exact, "cy") - attribute(text, half, "cy"), octave, 0.11);
  for (const char* part : {"theirs, c: predicted 2.20 s, measured 2.00 s, +10.0 %",
                           "Evidence: measured-cpu.", "±10 %", ">predicted, s<", ">measured, s<"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
}

TEST(PredictionChart, LabelsAxesOfValuesThatAreCloseTogether) {
  PredictionChart close = chart();
  close.series = {{"ours", {{0.801, 0.8, "a"}, {0.81, 0.82, "b"}}}};
  EXPECT_THAT(svg(close), HasSubstr(">0.8<"));
  close.series = {{"ours", {{3e-5, 3e-5, "a"}}}};
  EXPECT_THAT(svg(close), HasSubstr(">3e-05<"));
}

TEST(PredictionChart, RefusesWhatCannotBeDrawn) {
  PredictionChart bad = chart();
  bad.series[0].points[0].predicted = 0;
  EXPECT_THROW(svg(bad), Error);
  bad.series.clear();
  EXPECT_THROW(svg(bad), Error);
}

}  // namespace
}  // namespace sextant
