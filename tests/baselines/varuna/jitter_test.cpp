#include "analyzer/training/varuna/jitter.h"

#include <gtest/gtest.h>

#include "analyzer/training/varuna/pipeline_simulation.h"

namespace sextant::varuna {
namespace {

TEST(VarunaJitter, IsThatOfTheStandardLibraryItRanWith) {
  // std::normal_distribution<double>(0, 2000), a new one each time, on std::default_random_engine
  // of libstdc++.
  Jitter jitter;
  for (const int expected : {-243, 1368, 66, 67, 925, 4249, 2041, -255, -1374, -1871}) {
    EXPECT_EQ(jitter.compute_us(), expected);
  }
}

TEST(VarunaJitter, OfTheNetworkIsNeverNegative) {
  // The first number of the first call is -1219.7, the second -10868.2: so the next call's.
  Jitter jitter;
  EXPECT_EQ(jitter.network_us(), 6842);
  double sum = 0;
  constexpr int kDraws = 20'000;
  for (int i = 0; i < kDraws; ++i) {
    const int drawn = jitter.network_us();
    ASSERT_GE(drawn, 0);
    sum += drawn;
  }
  EXPECT_NEAR(sum / kDraws, 7979, 100);  // of |N(0, 10000)|
}

TEST(VarunaJitter, GlibcRandomStartsAsItDoes) {
  GlibcRandom random;
  EXPECT_EQ(random.next(), 1804289383U);
  EXPECT_EQ(random.next(), 846930886U);
  EXPECT_EQ(random.next(), 1681692777U);
}

TEST(VarunaSimulation, OneStageIsItsWorkAndJitter) {
  EXPECT_EQ(simulate({{39372}, {43140}, {}, 1}), 39372 - 243 + 43140 + 1368);
}

TEST(VarunaSimulation, EndsWithMoreStagesThanMicrobatches) {
  const std::int64_t us =
      simulate({std::vector<std::int64_t>(30, 1'000'000), std::vector<std::int64_t>(30, 2'000'000),
                std::vector<std::int64_t>(29, 500), 2});
  EXPECT_GT(us, 93'000'000);  // one microbatch through all stages and back, another behind it
  EXPECT_LT(us, 95'000'000);
}

TEST(VarunaSimulation, EndsWithStagesOfNoWork) {
  EXPECT_GE(simulate({{0, 0, 0}, {0, 0, 0}, {0, 0}, 500}), 0);
}

}  // namespace
}  // namespace sextant::varuna
