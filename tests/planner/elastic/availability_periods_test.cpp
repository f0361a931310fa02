#include "planner/training/elastic/availability_periods.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "tests/support/small_problem.h"
#include "tests/support/temporary_folder.h"

namespace sextant {
namespace {

using testing::HasSubstr;

Cluster two_pools() {
  SmallProblem small;
  small.add("A100-40", "here", 8);
  small.add("B", "there", 16);
  small.cluster.name = "mine";
  return small.cluster;
}

AvailabilityTrace trace_of(const std::string& rows, const std::string& columns = "B_there") {
  return parse_trace_csv("Timestamp," + columns + "\n" + rows, "trace.csv");
}

template <typename Action>
std::string refusal(const Action& action, ErrorCode code = ErrorCode::kBadInput) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code);
    return error.what();
  }
  return "nothing was refused";
}

TEST(AvailabilityPeriods, ReplacesCountsAndJoinsEqualRows) {
  const auto periods =
      availability_periods(trace_of("100,16\n160,4\n200,4\n260,0\n300,8\n"), two_pools(), {});
  ASSERT_EQ(periods.size(), 3U);
  EXPECT_EQ(periods[0].from_s, 0);
  EXPECT_EQ(periods[0].duration_s, 60);
  EXPECT_EQ(periods[0].cluster.summary(), "8xA100-40@here+16xB@there");
  EXPECT_EQ(periods[1].from_s, 60);
  EXPECT_EQ(periods[1].duration_s, 100);
  EXPECT_EQ(periods[1].cluster.pools[1].count, 4);
  // No GPUs, no pool; the last row lasts nobody knows how long.
  EXPECT_EQ(periods[2].cluster.summary(), "8xA100-40@here");
}

TEST(AvailabilityPeriods, TheLastRowLastsAsLongAsIsSaid) {
  const AvailabilityTrace trace = trace_of("100,16\n160,4\n");
  const auto periods = availability_periods(trace, two_pools(), 300);
  ASSERT_EQ(periods.size(), 2U);
  EXPECT_EQ(periods[1].duration_s, 240);
  EXPECT_THAT(refusal([&] { availability_periods(trace, two_pools(), 60); }, ErrorCode::kUsage),
              HasSubstr("the last row is 60 s after the first"));
  EXPECT_THAT(refusal([&] { availability_periods(trace_of("5,16\n"), two_pools(), {}); }),
              HasSubstr("expected a row after the first"));
}

TEST(AvailabilityPeriods, KnowsAliasesAndKeepsQuotas) {
  Cluster cluster = two_pools();
  cluster.pools[0].quota = 6;
  const auto periods = availability_periods(trace_of("0,16\n60,0\n", "A100_here"), cluster, {});
  EXPECT_EQ(periods[0].cluster.pools[0].count, 6);
}

TEST(AvailabilityPeriods, NamesWhatTheClusterLacks) {
  EXPECT_EQ(
      refusal([] { availability_periods(trace_of("0,1\n60,1\n", "B_here"), two_pools(), {}); }),
      "trace.csv: expected GPUs of cluster \"mine\" (A100-40@here, B@there), found \"B\" in "
      "zone \"here\"");
  EXPECT_THAT(refusal([] {
                availability_periods(trace_of("0,1,1\n60,1,1\n", "A100-40_here,A100_here"),
                                     two_pools(), {});
              }),
              HasSubstr("found A100-40 in zone \"here\" under two names"));
}

TEST(AvailabilityPeriods, AsksWhatAJsonTraceCounts) {
  const TemporaryFolder folder;
  const std::string json =
      folder.write("t.json", R"([{"Time": 0, "GPUs": 4}, {"Time": 63.5, "GPUs": 0}])");
  const std::string csv = folder.write("t.csv", "Timestamp,B_there\n0,4\n60,8\n");
  Cluster cluster = two_pools();
  EXPECT_THAT(refusal([&] { read_availability(json, cluster, ""); }, ErrorCode::kUsage),
              HasSubstr("cluster \"mine\" has A100-40@here, B@there: name one as TYPE@ZONE"));
  EXPECT_THAT(refusal([&] { read_availability(json, cluster, "B"); }, ErrorCode::kUsage),
              HasSubstr("TYPE@ZONE, found \"B\""));
  EXPECT_THAT(refusal([&] { read_availability(csv, cluster, "B@there"); }, ErrorCode::kUsage),
              HasSubstr("says itself what it counts"));
  EXPECT_EQ(read_availability(json, cluster, "B@there").columns[0].zone, "there");
  EXPECT_EQ(read_availability(csv, cluster, "").rows[1].counts[0], 8);
  cluster.pools.pop_back();
  EXPECT_EQ(read_availability(json, cluster, "").columns[0].gpu, "A100-40");
}

}  // namespace
}  // namespace sextant
