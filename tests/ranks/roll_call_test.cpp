#include "ranks/roll_call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"

namespace sextant::ranks {
namespace {

using ::testing::HasSubstr;

RollEntry entry_of(const std::string& host) {
  RollEntry entry;
  entry.rank = {host, "CPU", "CPU", "hall", {{"cpu_name", "X"}}};
  entry.first_rank = 2;
  entry.process = 77;
  entry.agreement = {{"program", "0.1.0"}, {"sizes", "1,2"}};
  return entry;
}

TEST(RollCall, HearsWhatWasSaid) {
  const std::string text = roll_text(entry_of("a"));
  EXPECT_EQ(roll_text(roll_entry_from(text, 2)), text);
  EXPECT_THROW(roll_entry_from("hello", 2), Error);
  EXPECT_THROW(roll_entry_from("{}", 2), Error);
}

TEST(RollCall, NamesBothValuesOfADifference) {
  std::vector<RollEntry> entries = {entry_of("a"), entry_of("b"), entry_of("c")};
  EXPECT_EQ(disagreement(entries), "");
  entries[2].agreement["program"] = "0.2.0";
  EXPECT_EQ(disagreement(entries),
            "ranks differ in program: rank 0 on \"a\" has \"0.1.0\", rank 2 on \"c\" has "
            "\"0.2.0\"");
  entries[1].agreement["nccl"] = "2.28";
  EXPECT_THAT(disagreement(entries), HasSubstr("rank 0 on \"a\" has none, rank 1"));
}

TEST(RollCall, NamesRanksForPeople) {
  EXPECT_EQ(ranks_text({3}), "rank 3");
  EXPECT_EQ(ranks_text({1, 5}), "ranks 1 and 5");
  EXPECT_EQ(ranks_text({1, 2, 5}), "ranks 1, 2 and 5");
  EXPECT_EQ(ranks_text({1, 2, 3, 4}), "ranks 1 to 4");
}

}  // namespace
}  // namespace sextant::ranks
