#include "analyzer/report/log_axis.h"

#include <gtest/gtest.h>

namespace sextant {
namespace {

TEST(LogAxis, HoldsAllValuesInWholeDecades) {
  const LogAxis axis = log_axis(2e3, 3e6);
  EXPECT_EQ(axis.low, 3);
  EXPECT_EQ(axis.high, 7);
  EXPECT_DOUBLE_EQ(axis.part(1e3), 0);
  EXPECT_DOUBLE_EQ(axis.part(1e5), 0.5);
  EXPECT_DOUBLE_EQ(axis.part(1e7), 1);
  EXPECT_EQ(axis.step(8), 1);
  EXPECT_EQ(axis.step(3), 2);
}

TEST(LogAxis, HasADecadeEvenForOneValueAndNoneForRounding) {
  EXPECT_EQ(log_axis(5, 5).high, 1);
  EXPECT_EQ(log_axis(1000, 1000).low, 3);
  EXPECT_EQ(log_axis(1000, 1000).high, 4);
  EXPECT_EQ(log_axis(0.1, 10.0000000001).high, 1);
}

TEST(LogAxis, LabelsDecadesWithPrefixes) {
  EXPECT_EQ(decade_label(4, "B"), "10 kB");
  EXPECT_EQ(decade_label(-6, "s"), "1 µs");
  EXPECT_EQ(decade_label(-4, "s"), "100 µs");
  EXPECT_EQ(decade_label(14, "FLOP/s"), "100 TFLOP/s");
  EXPECT_EQ(decade_label(0, "s"), "1 s");
  EXPECT_EQ(decade_label(2, ""), "100");
  EXPECT_EQ(decade_label(-1, ""), "0.1");
}

}  // namespace
}  // namespace sextant
