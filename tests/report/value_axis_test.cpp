#include "analyzer/report/value_axis.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace sextant {
namespace {

using testing::ElementsAre;

TEST(RoundAxis, TicksStandAtRoundNumbers) {
  EXPECT_THAT(round_axis(0.135).tick_labels(),
              ElementsAre("0.000", "0.025", "0.050", "0.075", "0.100", "0.125", "0.150"));
  EXPECT_THAT(round_axis(5).tick_labels(), ElementsAre("0", "1", "2", "3", "4", "5"));
  EXPECT_THAT(round_axis(2.4e6).tick_labels(),
              ElementsAre("0", "500,000", "1,000,000", "1,500,000", "2,000,000", "2,500,000"));
  EXPECT_THAT(round_axis(0).tick_labels(), ElementsAre("0", "1"));
}

RC_GTEST_PROP(RoundAxis, ReachesTheLargestWithoutWaste, ()) {
  const double mantissa = *rc::gen::inRange(1, 100'000);
  const double largest = mantissa * std::pow(10.0, *rc::gen::inRange(-9, 12));
  const ValueAxis axis = round_axis(largest);
  RC_ASSERT(axis.end() >= largest * (1 - 1e-9));
  RC_ASSERT(axis.end() - axis.step < largest);
  RC_ASSERT(axis.steps >= 2 && axis.steps <= 6);
}

// Ticks between them would be more than memory holds.
TEST(SpanAxis, BeginsAtZeroWhereValuesDifferInRoundingAlone) {
  const SpanAxis axis(2.458348980146091, 2.458348980146092);
  EXPECT_LE(axis.steps(), 6);
  EXPECT_EQ(axis.tick_labels().front(), "0.0");
  EXPECT_LT(axis.part(2.458348980146092), 1);
}

}  // namespace
}  // namespace sextant
