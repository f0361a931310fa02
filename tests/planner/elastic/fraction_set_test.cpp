#include "planner/training/elastic/fraction_set.h"

#include <gtest/gtest.h>

namespace sextant {
namespace {

TEST(FractionSet, JoinsWhatTouches) {
  EXPECT_EQ(FractionSet(0, 0.5).united(FractionSet(0.5, 1)), FractionSet(0, 1));
  EXPECT_EQ(FractionSet(0.2, 0.6).united(FractionSet(0.4, 0.8)), FractionSet(0.2, 0.8));
  const FractionSet thirds =
      FractionSet(0, 1.0 / 3).united(FractionSet(2.0 / 3, 1)).united(FractionSet(1.0 / 3, 2.0 / 3));
  EXPECT_TRUE(FractionSet(0, 1).without(thirds).empty());
  EXPECT_TRUE(FractionSet(0.5, 0.5).empty());
}

TEST(FractionSet, CutsAndShares) {
  const FractionSet ends = FractionSet(0, 1).without(FractionSet(0.25, 0.5));
  EXPECT_EQ(ends, FractionSet(0, 0.25).united(FractionSet(0.5, 1)));
  EXPECT_DOUBLE_EQ(ends.length(), 0.75);
  EXPECT_EQ(ends.common(FractionSet(0.125, 0.75)),
            FractionSet(0.125, 0.25).united(FractionSet(0.5, 0.75)));
  EXPECT_DOUBLE_EQ(ends.common_length(FractionSet(0.125, 0.75)), 0.375);
  EXPECT_TRUE(ends.common(FractionSet(0.25, 0.5)).empty());
  EXPECT_EQ(ends.common_length(FractionSet(0.25, 0.5)), 0);
  EXPECT_EQ(FractionSet(0.125, 0.75).without(ends), FractionSet(0.25, 0.5));
  EXPECT_TRUE(ends.without(ends).empty());
  EXPECT_EQ(ends.without(FractionSet()), ends);
}

}  // namespace
}  // namespace sextant
