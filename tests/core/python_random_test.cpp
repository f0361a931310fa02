#include "analyzer/core/python_random.h"

#include <gmock/gmock.h>

namespace sextant {
namespace {

using ::testing::ElementsAre;

// All figures: CPython 3.11, random.seed(…) and the functions of the same name.
TEST(PythonRandom, DrawsWhatCPythonDraws) {
  PythonRandom random(0);
  EXPECT_EQ(random.random(), 0.8444218515250481);
  EXPECT_EQ(random.random(), 0.7579544029403025);
  EXPECT_EQ(random.random(), 0.420571580830845);
  EXPECT_EQ(random.randint(0, 16656), 8484);
  EXPECT_EQ(random.randint(0, 16656), 15922);
  EXPECT_EQ(random.randint(0, 16656), 13268);
  EXPECT_EQ(random.randint(0, 16656), 9938);
  EXPECT_EQ(random.uniform(-3, 5), 4.7423999593613715);
}

TEST(PythonRandom, GoesOnPastItsState) {
  PythonRandom random(0);
  for (int i = 0; i < 1000; ++i) random.random();
  EXPECT_EQ(random.random(), 0.9466893945947962);
}

TEST(PythonRandom, SamplesFromSetsAndPoolsAndShuffles) {
  PythonRandom random(7);
  EXPECT_THAT(random.sample(276, 6), ElementsAre(165, 77, 202, 24, 37, 274));
  EXPECT_THAT(random.sample(20, 4), ElementsAre(3, 11, 1, 16));
  EXPECT_THAT(random.sample(30, 5), ElementsAre(6, 1, 2, 13, 7));
  std::vector<int> items = {0, 1, 2, 3, 4, 5, 6, 7, 8};
  random.shuffle(items);
  EXPECT_THAT(items, ElementsAre(3, 5, 2, 8, 7, 4, 0, 6, 1));
}

TEST(PythonRandom, HasBoundsOfMoreThan32BitsAndOfOne) {
  PythonRandom random(4294967295U);
  EXPECT_EQ(random.random(), 0.6353574441341173);
  EXPECT_EQ(random.below((std::uint64_t{1} << 40) + 1), 473319139649U);
  EXPECT_EQ(random.below(1), 0U);
}

}  // namespace
}  // namespace sextant
