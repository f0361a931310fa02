#include "analyzer/report/cluster_chart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"

namespace sextant {
namespace {

using ::testing::HasSubstr;

ClusterChart chart(int nodes) {
  return {.title = "two",
          .evidence = "estimated",
          .caption = "",
          .zones = {{"<hall>", {{"A100-40", nodes, 4 * nodes, "$3.67"}, {"T4", 1, 1, ""}}},
                    {"yard", {{"A100-40", 2, 8, ""}}}}};
}

std::size_t squares_of(const std::string& text, const std::string& color) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find("rx=\"2\" fill=\"" + color, at)) != std::string::npos;
       ++at) {
    ++count;
  }
  return count;
}

TEST(ClusterChart, DrawsASquareForEachMachineInItsTypesColour) {
  const std::string text = svg(chart(3));
  EXPECT_EQ(squares_of(text, "#0072b2"), 3U + 2U);
  EXPECT_EQ(squares_of(text, "#e69f00"), 1U);
  for (const char* part : {">&lt;hall&gt;<", ">yard<", "A100-40: 3 machines, 12 GPUs, $3.67",
                           "A square is a machine.", "Evidence: estimated."}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
}

TEST(ClusterChart, OfLargePoolsASquareIsSeveralMachines) {
  const std::string text = svg(chart(1000));  // five of them: 200 squares
  EXPECT_EQ(squares_of(text, "#0072b2"), 200U + 1U);
  EXPECT_THAT(text, HasSubstr("A square is 5 machines."));
}

TEST(ClusterChart, RefusesWhatCannotBeDrawn) {
  EXPECT_THROW(svg(chart(-1)), Error);
  EXPECT_THROW(svg(ClusterChart{}), Error);
}

}  // namespace
}  // namespace sextant
