#include "analyzer/core/time_samples.h"

#include <cmath>

#include <gtest/gtest.h>

namespace sextant {
namespace {

TEST(TimeSummary, IsTheMedianWithItsSpread) {
  // Sorted 1 2 3 4 5: ranks 0.4 and 3.6 are the 10th and 90th percentile; variance 10/4.
  const TimeSummary time = summarize({3, 1, 5, 2, 4});
  EXPECT_DOUBLE_EQ(time.median_s, 3);
  EXPECT_DOUBLE_EQ(time.p10_s, 1.4);
  EXPECT_DOUBLE_EQ(time.p90_s, 4.6);
  EXPECT_DOUBLE_EQ(time.rel_stdev, std::sqrt(2.5) / 3);
  EXPECT_EQ(time.samples, 5);
}

TEST(TimeSummary, OfAnEvenNumberIsBetweenTheMiddleTwo) {
  EXPECT_DOUBLE_EQ(summarize({4, 1, 2, 3}).median_s, 2.5);
}

TEST(TimeSummary, OfOneSampleHasNoSpread) {
  const TimeSummary time = summarize({7});
  EXPECT_DOUBLE_EQ(time.p10_s, 7);
  EXPECT_DOUBLE_EQ(time.p90_s, 7);
  EXPECT_DOUBLE_EQ(time.rel_stdev, 0);
}

StoppingRule rule(double noise, int samples, double limit_s) {
  StoppingRule rule;
  rule.max_rel_stdev = noise;
  rule.min_samples = samples;
  rule.time_limit_s = limit_s;
  return rule;
}

TEST(StoppingCriterion, StopsWhenTheNoiseIsSmallAndNotBeforeTheLeastSamples) {
  StoppingCriterion criterion(rule(0.005, 5, 1e9));
  for (int i = 0; i < 4; ++i) {
    criterion.add(1.0);
    EXPECT_FALSE(criterion.done()) << i;
  }
  criterion.add(1.0);
  EXPECT_TRUE(criterion.done());
  EXPECT_EQ(criterion.verdict().unmet, "");
}

TEST(StoppingCriterion, GoesOnWhileTheNoiseIsLarge) {
  StoppingCriterion criterion(rule(0.005, 2, 1e9));
  for (int i = 0; i < 50; ++i) criterion.add(i % 2 == 0 ? 1.0 : 1.1);
  EXPECT_FALSE(criterion.done());
}

TEST(StoppingCriterion, StopsWhereTheNoiseHasSettled) {
  StoppingCriterion criterion(rule(0.005, 10, 1e9));
  int samples = 0;
  for (; samples < 1000 && !criterion.done(); ++samples) {
    criterion.add(samples % 2 == 0 ? 1.0 : 1.1);
  }
  EXPECT_EQ(samples, 100);
  EXPECT_EQ(criterion.verdict().unmet,
            "relative standard deviation 0.048 instead of 0.005 has settled after 100 samples");
}

TEST(StoppingCriterion, GoesOnWhileTheNoiseStillFalls) {
  // One outlier at the start: the deviation falls with the root of the number, and gets there.
  StoppingCriterion criterion(rule(0.05, 10, 1e9));
  criterion.add(2.0);
  int samples = 1;
  for (; samples < 10'000 && !criterion.done(); ++samples) criterion.add(1.0);
  // 1 / sqrt(n) of the mean of nearly 1: 0.05 at 400.
  EXPECT_NEAR(samples, 400, 5);
  EXPECT_EQ(criterion.verdict().unmet, "");
}

TEST(StoppingCriterion, NamesTheCriterionThatTimeCutOff) {
  StoppingCriterion noisy(rule(0.005, 2, 0));
  noisy.add(1);
  noisy.add(2);
  EXPECT_TRUE(noisy.done());
  // Mean 1.5, standard deviation sqrt(0.5).
  EXPECT_NE(noisy.verdict().unmet.find("0.47 instead of 0.005 when 0 s were over, after 2 samples"),
            std::string::npos)
      << noisy.verdict().unmet;

  StoppingCriterion few(rule(0.005, 10, 0));
  few.add(1);
  EXPECT_TRUE(few.done());
  EXPECT_EQ(few.verdict().unmet, "1 of 10 samples within 0 s");
}

TEST(StoppingCriterion, NeverEndsWithoutASample) {
  EXPECT_FALSE(StoppingCriterion(rule(0.005, 1, 0)).done());
}

}  // namespace
}  // namespace sextant
