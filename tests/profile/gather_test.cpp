#include "analyzer/profile/gather.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/files.h"
#include "analyzer/profile/estimate_points.h"
#include "analyzer/profile/export/sailor_export.h"
#include "tests/profile/toy_points.h"
#include "tests/support/reference_data.h"
#include "tests/support/temporary_folder.h"

namespace sextant {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Gather : public ::testing::Test {
 protected:
  Gather() {
    options_.model = "toy";
    options_.gpu = "A100-40";
    options_.profile_dir = folder_.path() / "points";
    options_.db_dir = folder_.path() / "db";
  }
  void put(const PointDocument& point) {
    write_text(options_.profile_dir / point_file_name(point.key), point_document_text(point));
  }
  std::string database() const {
    return read_file(database_path(options_.db_dir, "toy", "A100-40"));
  }

  TemporaryFolder folder_;
  GatherOptions options_;
};

TEST_F(Gather, MergesOursAndTheArtifactsPointFiles) {
  put(toy_point(1, 1));
  put(toy_point(2, 1));
  put(failed_point(1, 2, PointStatus::kOutOfMemory));
  write_text(options_.profile_dir / "profile_toy_A100-40_4_1.json",
             sailor_point_text(toy_point(4, 1)));
  // Of other models and GPU types, and no point files at all.
  write_text(options_.profile_dir / "profile_toy_V100-16_1_1.json", "{}");
  write_text(options_.profile_dir / "profile_other_A100-40_1_1.json", "{}");
  write_text(options_.profile_dir / "README.md", "not JSON");
  const GatherReport report = gather(options_);
  EXPECT_EQ(report.merged.size(), 4U);
  EXPECT_EQ(report.skipped, 3);
  EXPECT_TRUE(report.refused.empty());
  EXPECT_TRUE(report.failed.empty());
  EXPECT_THAT(report.variants(), ElementsAre("artifact/points", "fp32"));
  EXPECT_EQ(read_database(report.file).points.size(), 4U);
  // Again: nothing changes.
  const std::string before = database();
  for (const GatherReport::Merged& merged : gather(options_).merged) {
    EXPECT_EQ(merged.outcome, MergeOutcome::kUnchanged);
  }
  EXPECT_EQ(database(), before);
}

TEST_F(Gather, ListsWhatItCannotReadAndTakesTheRest) {
  put(toy_point(1, 1));
  put(toy_point(1, 2));
  const auto broken = options_.profile_dir / "profile_toy_A100-40_1_4.json";
  write_text(broken, point_document_text(toy_point(1, 4)).substr(0, 300));
  PointDocument milliseconds = toy_point(1, 8);
  milliseconds.kinds[1].parameter_bytes = 4e8;
  milliseconds.kinds[1].forward = phase(80);
  put(milliseconds);
  const GatherReport report = gather(options_);
  EXPECT_EQ(report.merged.size(), 2U);
  ASSERT_EQ(report.refused.size(), 2U);
  EXPECT_THAT(report.refused[0].reason + report.refused[1].reason,
              AllOf(HasSubstr("at byte"), HasSubstr("looks like milliseconds")));
}

TEST_F(Gather, LeavesTheDatabaseAloneOnConflict) {
  put(toy_point(1, 1, 0.01));
  gather(options_);
  const std::string before = database();
  put(toy_point(1, 1, 0.02, "2026-03-03T00:00:00Z"));
  put(toy_point(1, 2));
  EXPECT_THAT(message_of([&] { gather(options_); }),
              AllOf(HasSubstr("measured twice"), HasSubstr("2026-03-03")));
  EXPECT_EQ(database(), before);
  options_.merge = MergePolicy::kNewest;
  EXPECT_EQ(gather(options_).database.points.begin()->second.point.time(), "2026-03-03T00:00:00Z");
}

TEST_F(Gather, SaysWhyThereIsNothing) {
  EXPECT_THAT(message_of([&] { gather(options_); }), HasSubstr("cannot be read"));
  write_text(options_.profile_dir / "notes.txt", "x");
  EXPECT_THAT(message_of([&] { gather(options_); }), HasSubstr("found none"));
  write_text(options_.profile_dir / "profile_toy_A100-40_1_4.json", "");
  EXPECT_THAT(message_of([&] { gather(options_); }), HasSubstr("is empty"));
  EXPECT_FALSE(std::filesystem::exists(options_.db_dir));
}

TEST_F(Gather, RefusesADatabaseThatIsBroken) {
  put(toy_point(1, 1));
  const auto file = database_path(options_.db_dir, "toy", "A100-40");
  write_text(file, "{\"schema\": ");
  EXPECT_THAT(message_of([&] { gather(options_); }), HasSubstr(file.string()));
  EXPECT_EQ(read_file(file), "{\"schema\": ");
}

TEST_F(Gather, CountsErrorsAndTimeoutsButNotMemory) {
  put(toy_point(1, 1));
  put(failed_point(1, 2, PointStatus::kTimeout));
  put(failed_point(1, 4, PointStatus::kOutOfMemory));
  EXPECT_EQ(gather(options_).failed.size(), 1U);
}

TEST_F(Gather, KnowsAliasesOfGpuTypes) {
  PointDocument point = toy_point(1, 1);
  point.key.gpu = "A100";
  put(point);
  options_.gpu_in_files = "A100";
  EXPECT_EQ(gather(options_).database.points.begin()->first.gpu, "A100-40");
  EXPECT_EQ(shipped_gpu_name("a100"), "A100-40");
  EXPECT_EQ(shipped_gpu_name("my-gpu"), "my-gpu");
}

TEST_F(Gather, HostileNamesStayInTheDatabase) {
  options_.model = "../../escape\n";
  PointDocument point = toy_point(1, 1);
  point.key.model = "toy";
  put(point);
  message_of([&] { gather(options_); });
  point.key.model = options_.model;
  // A control character is no name in a document.
  write_text(options_.profile_dir / point_file_name(point.key), point_document_text(point));
  EXPECT_THAT(message_of([&] { gather(options_); }), HasSubstr("control characters"));
  options_.model = point.key.model = "../../escape";
  put(point);
  const GatherReport report = gather(options_);
  EXPECT_EQ(report.file.parent_path().parent_path().parent_path(), options_.db_dir);
}

TEST_F(Gather, TakesBothTablesOfAnArtifact) {
  const auto artifact = reference_data("sailor");
  SEXTANT_NEEDS(artifact)
  options_.model = "OPT-350";
  options_.gpu = "GH-96";
  options_.profile_dir = artifact;
  const GatherReport report = gather(options_);
  EXPECT_THAT(report.variants(), ElementsAre("artifact/planner", "artifact/simulator"));
  // They disagree at tp 4, microbatch 1; both are kept.
  const ModelProfile planner = load_profile(options_.db_dir, "OPT-350", {}, "artifact/planner");
  const ModelProfile simulator = load_profile(options_.db_dir, "OPT-350", {}, "artifact/simulator");
  EXPECT_NE(planner.at("GH-96", 4, 1).layers[1].forward_s,
            simulator.at("GH-96", 4, 1).layers[1].forward_s);
  EXPECT_EQ(planner.at("GH-96", 1, 1).layers[1].forward_s,
            simulator.at("GH-96", 1, 1).layers[1].forward_s);
}

}  // namespace
}  // namespace sextant
