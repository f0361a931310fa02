#include "analyzer/validation/ranking.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sextant {
namespace {

MeasuredRun run(const std::string& name, double time_s, double spread_s) {
  MeasuredRun out;
  out.name = name;
  out.plan.global_batch = 8;
  for (int i = -5; i <= 5; ++i) out.iteration_samples_s.push_back(time_s + i * spread_s / 5);
  out.iteration = summarize(out.iteration_samples_s);
  return out;
}

ValidationRow row(const MeasuredRun& of, double predicted_s) {
  ValidationRow out;
  out.config = of.name;
  out.estimator = "sextant";
  out.measured = of.iteration.median_s;
  out.predicted = predicted_s;
  return out;
}

TEST(Ranking, CountsPairsThatTheMeasurementTellsApart) {
  // a and b cannot be told apart; c and d can, from each other and from both.
  const std::vector<MeasuredRun> runs = {run("a", 1.00, 0.05), run("b", 1.01, 0.05),
                                         run("c", 2, 0.05), run("d", 3, 0.05)};
  // Order b a d c: of the five pairs that are apart, only (c, d) is wrong: (4 - 1) / 5.
  const auto rankings = rank_predictions(
      runs, {row(runs[0], 1.1), row(runs[1], 0.9), row(runs[2], 4), row(runs[3], 3.5)});
  ASSERT_EQ(rankings.size(), 1U);
  EXPECT_EQ(rankings[0].separable_pairs, 5);
  EXPECT_DOUBLE_EQ(rankings[0].kendall_tau, 0.6);
  EXPECT_EQ(rankings[0].first, "b");
  EXPECT_EQ(rankings[0].fastest, "a");
  EXPECT_NEAR(rankings[0].regret, 0.01, 1e-12);
  EXPECT_THAT(ranking_text(rankings), testing::HasSubstr("5 of 6"));
}

TEST(Ranking, JobsOfDifferentSizesHaveNoOrder) {
  std::vector<MeasuredRun> runs = {run("a", 1, 0), run("b", 2, 0), run("c", 3, 0)};
  const std::vector<ValidationRow> rows = {row(runs[0], 1), row(runs[1], 2), row(runs[2], 3)};
  EXPECT_EQ(rank_predictions(runs, rows).size(), 1U);
  runs[1].plan.global_batch = 16;
  EXPECT_TRUE(rank_predictions(runs, rows).empty());
}

TEST(Ranking, TheMedianLiesBetweenOrderStatistics) {
  // Of eleven samples the second and the tenth: (11 - 1.96 x 3.32) / 2 = 2.25.
  const TimeInterval interval = median_interval(run("a", 1, 0.5));
  EXPECT_NEAR(interval.low_s, 0.6, 1e-12);
  EXPECT_NEAR(interval.high_s, 1.4, 1e-12);
  MeasuredRun published;
  published.iteration.median_s = 2;
  EXPECT_FALSE(median_interval(published).has_spread);
}

}  // namespace
}  // namespace sextant
