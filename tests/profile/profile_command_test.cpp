// `sextant profile` from outside: text, JSON and exit codes.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "analyzer/core/files.h"
#include "analyzer/profile/profile_db.h"
#include "tests/cli/run_program.h"
#include "tests/profile/toy_points.h"
#include "tests/support/reference_data.h"
#include "tests/support/schema_check.h"
#include "tests/support/temporary_folder.h"

namespace sextant {
namespace {

using sextant::testing::run_sextant;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(ProfileCommand, EstimatesShowsChecksComparesAndExports) {
  TemporaryFolder folder;
  const std::string db = (folder.path() / "db").string();
  auto result = run_sextant({"profile", "estimate", "--gpu", "A100", "--model", "OPT-350M",
                             "--dtype", "fp32", "--tp", "1,2", "--mbs", "1,4", "-o", db});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("not measured"), HasSubstr("A100-40")));

  result = run_sextant({"profile", "show", db, "--json"});
  const auto shown = nlohmann::json::parse(result.out);
  EXPECT_EQ(shown.at("profiles").at(0).at("points").size(), 4U);
  EXPECT_EQ(shown.at("profiles").at(0).at("points").at(0).at("evidence"), "estimated");

  result = run_sextant({"profile", "show", db, "--tp", "2", "--mbs", "3"});
  EXPECT_THAT(result.out, HasSubstr("interpolated between microbatch 1 and 4"));
  result = run_sextant({"profile", "show", db, "--mbs", "5"});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr("nothing is extrapolated"));

  const ModelProfile profile = load_profile(db, "OPT-350M", {"A100-40"}, "fp32");
  EXPECT_EQ(profile.evidence({"A100-40"}), Evidence::kEstimated);
  EXPECT_EQ(profile.points.size(), 4U);

  EXPECT_EQ(run_sextant({"profile", "check", db}).exit_code, 0);
  result = run_sextant({"profile", "compare", db, db});
  EXPECT_THAT(result.out, HasSubstr("AMBIGUOUS"));
  const std::string out = (folder.path() / "out").string();
  result = run_sextant({"profile", "export", db, "--to", "sailor", "-o", out});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("estimated, not measured"));
  EXPECT_THAT(read_file(folder.path() / "out/sextant-export/sailor_OPT-350M_A100-40.json"),
              HasSubstr("\"evidence\": \"estimated\""));
  EXPECT_THAT(read_file(folder.path() / "out/sailor/Planner/llm_info.json"), HasSubstr("OPT-350M"));
}

TEST(ProfileCommand, EstimatesAgainWithoutConflictAndNeverOverAMeasurement) {
  TemporaryFolder folder;
  const std::string db = folder.path().string();
  const std::vector<std::string> estimate = {"profile",  "estimate", "--gpu", "V100-16", "--model",
                                             "OPT-350M", "--dtype",  "fp32",  "-o",      db};
  ASSERT_EQ(run_sextant(estimate).exit_code, 0);
  EXPECT_THAT(run_sextant(estimate).out, HasSubstr("unchanged"));
}

TEST(ProfileCommand, RefusesWithTheRightCode) {
  TemporaryFolder folder;
  const std::string db = folder.path().string();
  EXPECT_EQ(run_sextant({"profile"}).exit_code, 2);
  EXPECT_EQ(run_sextant({"profile", "show", db}).exit_code, 3);
  EXPECT_EQ(run_sextant({"profile", "show", db + "/nowhere"}).exit_code, 3);
  EXPECT_EQ(run_sextant({"profile", "export", db, "--to", "metys", "-o", db}).exit_code, 2);
  const auto unknown =
      run_sextant({"profile", "estimate", "--gpu", "H100-81", "--model", "OPT-350M", "-o", db});
  EXPECT_EQ(unknown.exit_code, 3);
  EXPECT_THAT(unknown.err, HasSubstr("H100-80"));
  EXPECT_EQ(run_sextant({"profile", "estimate", "--gpu", "A100", "--model", "OPT-350M", "--tp", "3",
                         "-o", db})
                .exit_code,
            3);
  // A V100 has no bf16.
  EXPECT_EQ(
      run_sextant({"profile", "estimate", "--gpu", "V100-16", "--model", "OPT-350M", "-o", db})
          .exit_code,
      3);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(ProfileCommand, ExportsAllOrNothing) {
  const TemporaryFolder folder;
  const std::string db = folder.path().string();
  const std::string estimated = db + "/estimated";
  ASSERT_EQ(run_sextant({"profile", "estimate", "--gpu", "V100-16", "--model", "OPT-350M",
                         "--dtype", "fp32", "-o", estimated})
                .exit_code,
            0);
  const auto no_operators =
      run_sextant({"profile", "export", estimated, "--to", "aceso", "-o", db + "/out"});
  EXPECT_EQ(no_operators.exit_code, 3);
  EXPECT_THAT(no_operators.err, AllOf(HasSubstr("operators of layer kind"),
                                      HasSubstr("profile_model --model OPT-350M")));
  EXPECT_FALSE(std::filesystem::exists(db + "/out"));
  const auto amp =
      run_sextant({"profile", "export", estimated, "--to", "amp", "-o", db + "/out", "--json"});
  EXPECT_EQ(amp.exit_code, 0) << amp.err;
  EXPECT_TRUE(std::filesystem::exists(db + "/out/AMP/profiles/OPT-350M/V100-16/profile_1.npy"));
  EXPECT_EQ(nlohmann::json::parse(amp.out).at("evidence"), "estimated");
}

TEST(ProfileCommand, ShowsServingProfilesBesideTheTrainingProfile) {
  const TemporaryFolder folder;
  const std::filesystem::path points = folder.path() / "points";
  const std::string db = (folder.path() / "db").string();
  write_text(points / point_file_name(toy_point(1, 1).key), point_document_text(toy_point(1, 1)));
  write_text(points / serving_file_name(toy_serving(2).key), serving_document_text(toy_serving(2)));
  const auto gathered =
      testing::run_program({testing::built_program("gather_profs"), "--model-name", "toy",
                            "--gpu-type", "A100-40", "--profile-dir", points, "--db", db});
  ASSERT_EQ(gathered.exit_code, 0) << gathered.err;
  EXPECT_THAT(gathered.out, HasSubstr("1 serving profiles in "));
  const std::string line =
      "serving: \"toy\" on \"A100-40\", bf16, tp 2: prefill up to 128 tokens, "
      "decode up to batch 8 and context 256 (measured-gpu)";
  EXPECT_THAT(run_sextant({"profile", "show", db}).out, HasSubstr(line));
  EXPECT_THAT(run_sextant({"profile", "show", db + "/toy/A100-40"}).out, HasSubstr(line));
}

TEST(ProfileCommand, TakesADirectoryOfPointDocuments) {
  const TemporaryFolder folder;
  const std::filesystem::path points = folder.path() / "points";
  for (const int tp : {1, 2}) {
    const PointDocument point = toy_point(tp, 1);
    write_text(points / point_file_name(point.key), point_document_text(point));
  }
  write_text(points / "profile_notes.json", "{}");
  const auto shown = run_sextant({"profile", "show", points, "--json"});
  ASSERT_EQ(shown.exit_code, 0) << shown.err;
  EXPECT_EQ(nlohmann::json::parse(shown.out).at("profiles").at(0).at("points").size(), 2U);
  EXPECT_EQ(run_sextant({"profile", "show", points, "--gpu", "T4"}).exit_code, 3);
}

TEST(ProfileCommand, CheckFailsOnImpossibleTimes) {
  TemporaryFolder folder;
  PointDocument point = toy_point(1, 1);
  point.kinds[1].parameter_bytes = 4e8;
  point.kinds[1].forward = phase(80);
  write_text(folder.path() / "point.json", point_document_text(point));
  const auto result =
      run_sextant({"profile", "check", (folder.path() / "point.json").string(), "--json"});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_EQ(nlohmann::json::parse(result.out).at("errors"), 1);
}

TEST(ProfileCommand, ShowsPublishedTables) {
  const auto artifact = reference_data("sailor");
  SEXTANT_NEEDS(artifact)
  const auto result = run_sextant({"profile", "show", "--artifact", artifact.string(), "--model",
                                   "OPT-350", "--gpu", "A100-40"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("artifact/planner"), HasSubstr("artifact/simulator"),
                                HasSubstr("replayed")));
}

TEST(ProfileSchema, NamesEveryMemberThatIsWritten) {
  const PointDocument point = full_point();
  PointDocument failed = failed_point(2, 8, PointStatus::kOutOfMemory);
  failed.largest_microbatch = 4;
  testing::SchemaCheck schema("profile");
  EXPECT_EQ(schema.problems(point_document_text(point)), "");
  EXPECT_EQ(schema.problems(point_document_text(failed)), "");
  EXPECT_THAT(schema.unseen(), IsEmpty());

  ProfileDatabase database;
  database.model = point.key.model;
  database.gpu = point.key.gpu;
  merge_point(database, toy_point(2, 4, 0.02, "2026-02-02T00:00:00Z"), MergePolicy::kError);
  merge_point(database, point, MergePolicy::kMedian);           // one stands before the other
  merge_point(database, toy_point(1, 1), MergePolicy::kError);  // leaves gaps
  merge_point(database, failed, MergePolicy::kError);
  testing::SchemaCheck database_schema("profile_db");
  EXPECT_EQ(database_schema.problems(database_text(database)), "");
  EXPECT_THAT(database_schema.unseen(), IsEmpty());
}

}  // namespace
}  // namespace sextant
