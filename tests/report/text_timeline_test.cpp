#include "analyzer/report/text_timeline.h"

#include <sstream>

#include <gtest/gtest.h>

#include "tests/report/two_stages.h"

namespace sextant {
namespace {

using testing::two_stages;

std::size_t widest_line(const std::string& text) {
  std::istringstream lines(text);
  std::size_t widest = 0;
  for (std::string line; std::getline(lines, line);) widest = std::max(widest, line.size());
  return widest;
}

// 40 columns less the name and two are 31 of 0.2097 ms. Stage 0 computes until 1 ms (4.8 columns),
// sends until 1.25 ms (6.0), waits until 4 ms (19.1), computes until 6 ms (28.6), synchronises.
TEST(TextTimeline, IsALetterForTheMostOfAColumn) {
  EXPECT_EQ(text_timeline(two_stages(), 40),
            "stage 0  FFFFF~.............BBBBBBBBBB~~\n"
            "stage 1  .....~FFFFBBBBBBB..............\n"
            "         0                       6.50 ms\n"
            "F forward, B backward, ~ exposed communication, . bubble; a column is 210 µs\n");
}

TEST(TextTimeline, CountsEqualReplicasAndLeavesOutRows) {
  const std::string text = text_timeline(two_stages(3), 100);
  EXPECT_EQ(text.find("stage 0, replicas 0-2 x3  F"), 0U) << text;
  EXPECT_LE(widest_line(text), 101U);  // the one µ has two bytes
  EXPECT_NE(text_timeline(two_stages(), 100, 1).find("\nand 1 more row\n"), std::string::npos);
  EXPECT_EQ(text_timeline({}, 100), "");
}

StagePrediction stage(double expected, double bound, double capacity) {
  StagePrediction made;
  made.peak_memory_bytes = expected * (1 << 30);
  made.memory_bound_bytes = bound * (1 << 30);
  made.memory_capacity_bytes = capacity * (1 << 30);
  return made;
}

// 60 columns less "stage 0" and "10.0 GiB of 16.0 GiB" and six are 27: 8 of 16 GiB are 13.5.
TEST(TextTimeline, DrawsMemoryToItsCapacity) {
  EXPECT_EQ(text_memory({stage(8, 10, 16), stage(20, 20, 16)}, 60),
            "stage 0  [##############+++          ] 10.0 GiB of 16.0 GiB\n"
            "stage 1  [###########################! 20.0 GiB of 16.0 GiB\n"
            "# expected on the fullest GPU, + at most, ! more than there is, to its capacity\n");
  EXPECT_EQ(text_memory({stage(0, 0, 16)}, 60), "");
}

}  // namespace
}  // namespace sextant
