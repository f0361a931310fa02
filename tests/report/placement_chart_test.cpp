#include "analyzer/report/placement_chart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"

namespace sextant {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

PlacementChart chart() {
  return {.title = "Model & <site>",
          .evidence = "estimated",
          .caption = "Flow 7.",
          .layers = 8,
          .machines = {{"idle", "T4", 0, 0}, {"late", "T4", 4, 8}, {"early", "A100", 0, 4}}};
}

// 8 layers over 760 pixels: four take 380.
TEST(PlacementChart, DrawsABarOfEachMachinesLayers) {
  const std::string text = svg(chart());
  EXPECT_THAT(text, HasSubstr("width=\"380.0\""));
  EXPECT_THAT(text, HasSubstr("early, A100: layers 0 to 3"));
  EXPECT_THAT(text, HasSubstr("late, T4: layers 4 to 7"));
  EXPECT_THAT(text, HasSubstr(">not used<"));
  EXPECT_THAT(text, HasSubstr("Model &amp; &lt;site&gt;"));
  EXPECT_THAT(text, HasSubstr("Evidence: estimated. Flow 7."));
  EXPECT_LT(text.find(">early<"), text.find(">late<"));
  EXPECT_LT(text.find(">late<"), text.find(">idle<"));
  EXPECT_EQ(svg(chart()), text);
}

TEST(PlacementChart, LeavesOutNamesThatHaveNoRoom) {
  PlacementChart many = chart();
  for (int i = 0; i < 400; ++i) many.machines.push_back({"m" + std::to_string(i), "L4", 0, 8});
  const std::string text = svg(many);
  EXPECT_THAT(text, Not(HasSubstr(">early<")));
  EXPECT_THAT(text, HasSubstr("m399, L4: layers 0 to 7"));
}

TEST(PlacementChart, RefusesWhatCannotBeDrawn) {
  const auto expect_refused = [](const auto& change) {
    PlacementChart one = chart();
    change(one);
    EXPECT_THROW(svg(one), Error);
  };
  expect_refused([](PlacementChart& one) { one.machines.clear(); });
  expect_refused([](PlacementChart& one) { one.machines[1].end = 9; });
  expect_refused([](PlacementChart& one) { one.machines[1].first = -1; });
  expect_refused([](PlacementChart& one) { one.machines[1].end = 3; });
}

}  // namespace
}  // namespace sextant
