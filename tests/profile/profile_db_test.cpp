#include "analyzer/profile/profile_db.h"

#include <algorithm>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/profile/toy_points.h"
#include "tests/support/temporary_folder.h"

namespace sextant {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

ProfileDatabase database_of(const std::vector<PointDocument>& points,
                            MergePolicy policy = MergePolicy::kError) {
  ProfileDatabase database;
  database.model = "toy";
  database.gpu = "A100-40";
  for (const PointDocument& point : points) merge_point(database, point, policy);
  return database;
}

ProfileDatabase read_text(const std::string& text) {
  TemporaryFolder folder;
  write_text(folder.path() / "profile.json", text);
  return read_database(folder.path() / "profile.json");
}

TEST(ProfileDatabase, RoundTripsAndListsGapsAndFailures) {
  const ProfileDatabase database =
      database_of({toy_point(1, 1), toy_point(2, 1), toy_point(2, 4), toy_point(1, 2),
                   failed_point(1, 4, PointStatus::kOutOfMemory)});
  EXPECT_THAT(database.describe_gaps(), ElementsAre("fp32: tp 2 at microbatch 2"));
  ASSERT_EQ(database.failures().size(), 1U);
  const std::string text = database_text(database);
  EXPECT_THAT(text, AllOf(HasSubstr("\"oom\""), HasSubstr("CUDA out of memory")));
  EXPECT_EQ(database_text(read_text(text)), text);
}

TEST(ProfileDatabase, RefusesAConflictShowingBothProvenances) {
  ProfileDatabase database = database_of({toy_point(1, 1, 0.01, "2026-01-01T00:00:00Z")});
  const std::string before = database_text(database);
  PointDocument other = toy_point(1, 1, 0.02, "2026-02-02T00:00:00Z");
  other.source = "elsewhere.json";
  EXPECT_THAT(message_of([&] { merge_point(database, other, MergePolicy::kError); }),
              AllOf(HasSubstr("toy.json"), HasSubstr("elsewhere.json"), HasSubstr("2026-01-01"),
                    HasSubstr("2026-02-02"), HasSubstr("--merge=newest")));
  EXPECT_EQ(database_text(database), before);
  // The same measurement from another place is no conflict.
  PointDocument copy = toy_point(1, 1, 0.01, "2026-01-01T00:00:00Z");
  copy.source = "copy.json";
  EXPECT_EQ(merge_point(database, copy, MergePolicy::kError), MergeOutcome::kUnchanged);
}

TEST(ProfileDatabase, MergesByPolicy) {
  const PointDocument first = toy_point(1, 1, 0.03, "2026-01-01T00:00:00Z");
  const PointDocument second = toy_point(1, 1, 0.01, "2026-01-02T00:00:00Z");
  const PointDocument third = toy_point(1, 1, 0.02, "2026-01-03T00:00:00Z");
  const auto chosen = [&](MergePolicy policy) {
    return database_of({third, first, second}, policy).points.begin()->second;
  };
  EXPECT_EQ(chosen(MergePolicy::kNewest).point.time(), "2026-01-03T00:00:00Z");
  EXPECT_EQ(chosen(MergePolicy::kMedian).point.time(), "2026-01-03T00:00:00Z");
  EXPECT_EQ(chosen(MergePolicy::kMedian).superseded.size(), 2U);
  // Of two the faster is the lower median.
  EXPECT_EQ(database_of({first, second}, MergePolicy::kMedian).points.begin()->second.point.time(),
            second.time());
  const std::string text = database_text(database_of({first, second, third}, MergePolicy::kMedian));
  EXPECT_EQ(database_text(read_text(text)), text);
  // Without a time nothing is newer.
  PointDocument timeless = toy_point(1, 1, 0.05);
  timeless.evidence = Evidence::kReplayed;
  timeless.provenance.erase("time");
  EXPECT_THAT(message_of([&] {
                database_of({first, timeless}, MergePolicy::kNewest);
              }),
              HasSubstr("cannot tell which is newer"));
}

TEST(ProfileDatabase, PrefersMeasurementsToEstimatesToFailures) {
  PointDocument estimate = toy_point(1, 1, 0.5);
  estimate.evidence = Evidence::kEstimated;
  const PointDocument measured = toy_point(1, 1, 0.01);
  const PointDocument failed = failed_point(1, 1, PointStatus::kTimeout);
  std::vector<PointDocument> points = {failed, estimate, measured};
  std::vector<int> order = {0, 1, 2};
  do {
    ProfileDatabase database;
    for (const int i : order) {
      merge_point(database, points[static_cast<std::size_t>(i)], MergePolicy::kError);
    }
    EXPECT_EQ(database.points.begin()->second.point.evidence, Evidence::kMeasuredGpu);
    EXPECT_EQ(database.points.begin()->second.point.status, PointStatus::kOk);
  } while (std::next_permutation(order.begin(), order.end()));
}

RC_GTEST_PROP(ProfileDatabaseProperty, MergingDoesNotDependOnTheOrder, ()) {
  const auto times = *rc::gen::resize(
      8, rc::gen::container<std::vector<int>>(rc::gen::resize(100, rc::gen::inRange(1, 9))));
  const auto policy = *rc::gen::element(MergePolicy::kNewest, MergePolicy::kMedian);
  std::vector<PointDocument> points;
  for (std::size_t i = 0; i < times.size(); ++i) {
    const auto microbatch = *rc::gen::inRange(1, 3);
    points.push_back(
        toy_point(1, microbatch, 0.01 * times[i], fmt::format("2026-01-{:02}T00:00:00Z", i + 1)));
    if (i % 5 == 4) points.push_back(failed_point(1, microbatch, PointStatus::kOutOfMemory));
  }
  std::vector<PointDocument> other = points;
  std::reverse(other.begin(), other.end());
  RC_ASSERT(database_text(database_of(points, policy)) ==
            database_text(database_of(other, policy)));
}

TEST(ProfileDatabase, RefusesDocumentsThatContradictThemselves) {
  const std::string good = database_text(database_of({toy_point(1, 1), toy_point(1, 2)}));
  const auto failure = [&](const std::function<void(OrderedJson&)>& edit) {
    OrderedJson json = OrderedJson::parse(good);
    edit(json);
    return message_of([&] { read_text(json.dump()); });
  };
  EXPECT_THAT(failure([](OrderedJson& j) { j["gpu"] = "V100-16"; }), HasSubstr("V100-16"));
  EXPECT_THAT(failure([](OrderedJson& j) { j["points"].push_back(j["points"][0]); }),
              HasSubstr("a second one"));
  EXPECT_THAT(failure([](OrderedJson& j) { j["schema"] = "sextant/profile_db/9.0"; }),
              HasSubstr("9.0"));
  EXPECT_THAT(failure([](OrderedJson& j) { j["ponts"] = 1; }), HasSubstr("did you mean"));
  for (std::size_t length = 0; length + 1 < good.size(); length += 61) {
    EXPECT_THROW(read_text(good.substr(0, length)), Error) << length;
  }
}

class StoredProfile : public ::testing::Test {
 protected:
  void store(std::vector<PointDocument> points, const std::string& gpu) {
    ProfileDatabase database;
    database.model = "toy";
    database.gpu = gpu;
    for (PointDocument& point : points) {
      point.key.gpu = gpu;
      merge_point(database, point, MergePolicy::kError);
    }
    write_text(database_path(folder_.path(), "toy", gpu), database_text(database));
  }
  TemporaryFolder folder_;
};

TEST_F(StoredProfile, Loads) {
  PointDocument wide = toy_point(1, 2);
  wide.kinds[1].saved_activation_bytes *= 2;
  store({toy_point(1, 1), toy_point(1, 4), toy_point(2, 4)}, "A100-40");
  store({wide}, "V100-16");
  const ModelProfile profile = load_profile(folder_.path(), "toy", {"A100-40", "V100-16"}, "fp32");
  EXPECT_EQ(profile.layer_count, 5);
  EXPECT_THAT(profile.gpus(), ElementsAre("A100-40", "V100-16"));
  EXPECT_DOUBLE_EQ(profile.at("A100-40", 1, 4).layers[1].backward_s, 0.08);
  EXPECT_EQ(profile.evidence({"V100-16"}), Evidence::kMeasuredGpu);
  // Per sequence; V100-16's block keeps twice as much, and the larger counts.
  EXPECT_DOUBLE_EQ(profile.memory_at(1)[0].saved_activation_bytes, 8192);
  EXPECT_DOUBLE_EQ(profile.memory_at(1)[1].saved_activation_bytes, 2 * 8192);
  EXPECT_DOUBLE_EQ(profile.memory_at(2)[1].output_bytes, 1024);
  EXPECT_THAT(profile.notes, Contains(HasSubstr("differs by 50 % between GPU types")));
  EXPECT_THAT(profile.notes, Contains(HasSubstr("no point for tp 2 at microbatch 1")));
  EXPECT_EQ(load_profile(folder_.path(), "toy", {}, "").points.size(), 4U);
}

TEST_F(StoredProfile, SaysWhatIsMissing) {
  store({toy_point(1, 1)}, "A100-40");
  const auto load = [&](const std::string& model, const std::string& gpu,
                        const std::string& variant) {
    return message_of([&] { load_profile(folder_.path(), model, {gpu}, variant); });
  };
  EXPECT_THAT(load("toy", "H100-80", "fp32"),
              AllOf(HasSubstr("H100-80"), HasSubstr("there are A100-40")));
  EXPECT_THAT(load("other", "A100-40", "fp32"), HasSubstr("profile estimate"));
  EXPECT_THAT(load("toy", "A100-40", "bf16"), HasSubstr("there are fp32"));
}

TEST_F(StoredProfile, ToldApartBySequenceLength) {
  PointDocument longer = toy_point(1, 1, 0.02);
  longer.key.seq_len = 256;
  store({toy_point(1, 1), longer}, "A100-40");
  EXPECT_THAT(message_of([&] { load_profile(folder_.path(), "toy", {}, "fp32"); }),
              HasSubstr("fp32"));
  const ModelProfile profile = load_profile(folder_.path(), "toy", {}, "fp32@256");
  EXPECT_DOUBLE_EQ(profile.at("A100-40", 1, 1).layers[0].forward_s, 0.02);
}

TEST_F(StoredProfile, RefusesPointsOfDifferentModels) {
  PointDocument shorter = toy_point(1, 2);
  shorter.sequence[1].count = 2;
  store({toy_point(1, 1), shorter}, "A100-40");
  EXPECT_THAT(message_of([&] { load_profile(folder_.path(), "toy", {}, "fp32"); }),
              HasSubstr("has 5 layers"));
}

TEST(ProfileDatabasePath, HostileNamesStayInside) {
  const auto path = database_path("/db", "../../etc", "/abs\n");
  EXPECT_EQ(path.lexically_normal().string().rfind("/db/", 0), 0U);
}

TEST(ProfileDatabase, RefusesToBeEmpty) {
  const TemporaryFolder folder;
  const auto path = folder.write("profile.json", R"({"schema": "sextant/profile_db/1.0",
      "model": "m", "gpu": "g", "points": [], "gaps": [], "failures": []})");
  try {
    read_database(path);
    FAIL() << "expected an error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadInput);
    EXPECT_THAT(error.what(), ::testing::HasSubstr("at \"/points\": expected at least one point"));
  }
}

}  // namespace
}  // namespace sextant
