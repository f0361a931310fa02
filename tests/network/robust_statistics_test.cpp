#include "analyzer/network/compare/robust_statistics.h"

#include <cmath>

#include <gtest/gtest.h>

#include "tests/network/normal_noise.h"

namespace sextant {
namespace {

TEST(RobustStatistics, MedianAndDeviation) {
  EXPECT_EQ(median_of({3}), 3);
  EXPECT_EQ(median_of({5, 1, 3}), 3);
  EXPECT_EQ(median_of({4, 1, 3, 100}), 3.5);
  // |{1, 2, 3, 4, 100} - 3| = {2, 1, 0, 1, 97}, median 1; factor 1.206 for five.
  EXPECT_NEAR(mad_scale({1, 2, 3, 4, 100}, 3), 1.4826 * 1.206, 1e-12);
}

TEST(RobustStatistics, DeviationEstimatesThatOfNormalValues) {
  NormalNoise noise(1);
  for (const int n : {5, 8, 9, 12, 40}) {
    double sum = 0;
    constexpr int kTrials = 4000;
    for (int i = 0; i < kTrials; ++i) {
      std::vector<double> values;
      for (int k = 0; k < n; ++k) values.push_back(noise());
      sum += mad_scale(values, median_of(values));
    }
    EXPECT_NEAR(sum / kTrials, 1, 0.03) << n;
  }
}

// Tables of Student's distribution.
TEST(RobustStatistics, StudentsDistribution) {
  EXPECT_NEAR(student_t_beyond(0.025, 1), 12.706, 1e-3);
  EXPECT_NEAR(student_t_beyond(0.025, 10), 2.228, 1e-3);
  EXPECT_NEAR(student_t_beyond(0.005, 3), 5.841, 1e-3);
  EXPECT_NEAR(student_t_beyond(0.0005, 2), 31.599, 1e-3);
  EXPECT_NEAR(student_t_beyond(0.025, 1e7), 1.960, 1e-3);
  // With one degree of freedom it is Cauchy's: tan(pi (1/2 - p)).
  EXPECT_NEAR(student_t_beyond(1e-4, 1), std::tan(M_PI * (0.5 - 1e-4)), 1e-2);
}

TEST(RobustStatistics, BoundsGrowWithTestsAndShrinkWithValues) {
  EXPECT_GT(outlier_bound(12, 6), outlier_bound(12, 60));
  EXPECT_GT(outlier_bound(8000, 4000), outlier_bound(80, 4000));
  EXPECT_EQ(outlier_bound(1, 100'000), 3.5);
}

// Of n = 6 tosses all fall on one side with 2 / 64 = 3.1 %; of 5 with 6.3 %. With n = 9 the
// outermost two on either side: 2 (1 + 9) / 512 = 3.9 %.
TEST(RobustStatistics, IntervalOfAMedian) {
  using Ranks = std::pair<std::size_t, std::size_t>;
  EXPECT_EQ(median_interval(5), Ranks(0, 0));
  EXPECT_EQ(median_interval(6), Ranks(0, 5));
  EXPECT_EQ(median_interval(8), Ranks(0, 7));
  EXPECT_EQ(median_interval(9), Ranks(1, 7));
  const auto [low, high] = median_interval(100);
  EXPECT_EQ(low, 39U);  // 1.96 * sqrt(100) / 2 = 9.8 below the middle
  EXPECT_EQ(high, 60U);
}

}  // namespace
}  // namespace sextant
