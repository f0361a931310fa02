#include "analyzer/profile/profile_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/profile/profile_compare.h"
#include "analyzer/profile/profile_source.h"
#include "tests/profile/toy_points.h"
#include "tests/support/reference_data.h"

namespace sextant {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// A block of 10^8 parameters on 128 tokens a sequence: 2.56e10 FLOPs forward at microbatch 1.
PointDocument large_block(double forward_s) {
  PointDocument point = toy_point(1, 1);
  point.kinds[1].parameter_bytes = 4e8;
  point.kinds[1].forward = phase(forward_s);
  point.kinds[1].backward = phase(2 * forward_s);
  return point;
}

std::string findings_text(const std::vector<Finding>& findings) {
  std::string out;
  for (const Finding& finding : findings) {
    out += finding.severity == Finding::Severity::kError ? "E " : "W ";
    out += finding.place + ": " + finding.text + "\n";
  }
  return out;
}

TEST(ProfileCheck, PassesWhatIsPlausible) {
  // 2.56e12 FLOP/s.
  EXPECT_EQ(findings_text(check_point(large_block(0.01))), "");
}

TEST(ProfileCheck, SeesWrongUnits) {
  EXPECT_THAT(findings_text(check_point(large_block(10))),
              AllOf(HasSubstr("E "), HasSubstr("looks like milliseconds")));
  EXPECT_THAT(findings_text(check_point(large_block(10000))), HasSubstr("microseconds"));
  // 2.56e15 FLOP/s: kiloseconds?
  EXPECT_THAT(findings_text(check_point(large_block(1e-5))), HasSubstr("more than 1e+15"));
  EXPECT_EQ(findings_text(check_point(large_block(1e-5), 4e15)), "");
  PointDocument on_cpu = large_block(10);
  on_cpu.evidence = Evidence::kMeasuredCpu;
  EXPECT_EQ(findings_text(check_point(on_cpu)), "");
}

TEST(ProfileCheck, SeesBlocksWithoutParameters) {
  PointDocument point = large_block(0.01);
  point.kinds[1].parameter_bytes = 0;
  EXPECT_THAT(findings_text(check_point(point)),
              AllOf(HasSubstr("E "), HasSubstr("has no parameters")));
}

TEST(ProfileCheck, WarnsOfWhatIsOdd) {
  PointDocument point = large_block(0.01);
  point.kinds[1].backward = phase(0.1);
  point.kinds[1].forward.rel_stdev = 0.3;
  for (LayerKindProfile& kind : point.kinds) kind.update = {};
  const std::string text = findings_text(check_point(point));
  EXPECT_THAT(text, AllOf(HasSubstr("10 times its forward"), HasSubstr("deviate by 30 %"),
                          HasSubstr("optimizer step is 0")));
}

TEST(ProfileCheck, ReportsGridsAndProvenance) {
  ProfileDatabase database;
  PointDocument other_driver = toy_point(2, 1);
  other_driver.provenance["driver"] = "570.0";
  const PointDocument faster = toy_point(1, 4, 0.001);
  for (const PointDocument& point : {toy_point(1, 1), toy_point(1, 2), other_driver, faster,
                                     failed_point(2, 4, PointStatus::kOutOfMemory)}) {
    merge_point(database, point, MergePolicy::kError);
  }
  const std::string text = findings_text(check_database(database));
  EXPECT_THAT(text, AllOf(HasSubstr("a gap in the grid"), HasSubstr("oom"),
                          HasSubstr("less than microbatch 2"),
                          HasSubstr("different driver: \"570.0\", \"580.1\"")));
}

TEST(ProfileCheck, PublishedTablesHaveNoImpossibleTime) {
  const auto artifact = reference_data("sailor");
  SEXTANT_NEEDS(artifact)
  std::vector<std::string> notes;
  const auto databases = sailor_databases(artifact, "", "", notes);
  EXPECT_EQ(databases.size(), 17U);
  for (const ProfileDatabase& database : databases) {
    EXPECT_THAT(findings_text(check_database(database)), ::testing::Not(HasSubstr("E ")));
  }
}

ProfileDatabase database_of(const std::vector<PointDocument>& points) {
  ProfileDatabase database;
  for (const PointDocument& point : points) merge_point(database, point, MergePolicy::kError);
  return database;
}

TEST(ProfileCompare, JudgesBySpread) {
  // Intervals are 10 % to either side of the median.
  const auto a =
      database_of({toy_point(1, 1, 0.010), toy_point(1, 2, 0.010), toy_point(1, 4, 0.010),
                   toy_point(1, 8, 0.010), toy_point(2, 1, 0.010)});
  auto bare = toy_point(2, 1, 0.010);
  for (LayerKindProfile& kind : bare.kinds) kind.forward.samples = 0;
  const auto b =
      database_of({toy_point(1, 1, 0.0105), toy_point(1, 2, 0.005), toy_point(1, 4, 0.020),
                   toy_point(1, 8, 0.0115), bare, toy_point(4, 1)});
  const ProfileComparison result = compare_profiles(a, b);
  std::vector<std::string> verdicts;
  for (const PointComparison& row : result.points) verdicts.emplace_back(to_string(row.verdict));
  EXPECT_THAT(verdicts,
              ::testing::ElementsAre("SAME", "FASTER", "SLOWER", "AMBIGUOUS", "AMBIGUOUS"));
  EXPECT_NEAR(result.points[2].change, 1, 1e-12);
  ASSERT_EQ(result.only_in_b.size(), 1U);
  EXPECT_THAT(result.only_in_b[0], HasSubstr("tp 4"));
  EXPECT_THAT(message_of([&] { compare_profiles(a, database_of({toy_point(8, 8)})); }),
              HasSubstr("no point is in both"));
}

}  // namespace
}  // namespace sextant
