#include "analyzer/profile/serving_profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/files.h"
#include "analyzer/core/random.h"
#include "analyzer/profile/gather.h"
#include "tests/profile/toy_points.h"
#include "tests/support/schema_check.h"
#include "tests/support/temporary_folder.h"

namespace sextant {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

ServingDocument parse(const std::string& text) {
  const JsonDocument document = JsonDocument::parse(text, "serving.json");
  return read_serving_document(document);
}

std::string failure(const std::function<void(OrderedJson&)>& edit) {
  OrderedJson json = OrderedJson::parse(serving_document_text(toy_serving(1)));
  edit(json);
  return message_of([&] { parse(json.dump()); });
}

ServingDocument failed_serving() {
  ServingDocument document = toy_serving(2);
  document.kinds.clear();
  document.sequence.clear();
  document.status = PointStatus::kTimeout;
  document.reason = "rank 1 did not answer";
  return document;
}

TEST(ServingProfile, RoundTripsEverything) {
  for (const ServingDocument& document : {toy_serving(2), failed_serving()}) {
    const std::string text = serving_document_text(document);
    const ServingDocument read = parse(text);
    EXPECT_EQ(serving_document_text(read), text);
    EXPECT_EQ(read.key, document.key);
  }
  const ServingDocument read = parse(serving_document_text(toy_serving(2)));
  ASSERT_EQ(read.kinds.size(), 2U);
  EXPECT_EQ(read.kinds[1].decode[1].batch, 8);
  EXPECT_EQ(read.kinds[1].decode[1].time.median_s, 0.002);
  EXPECT_EQ(read.kinds[1].collectives[1].bytes_per_sequence, 64);
}

TEST(ServingProfile, SumsItsLayersAndKnowsItsLimits) {
  const ServingDocument document = toy_serving(2);
  EXPECT_EQ(document.weight_bytes(), 3 * 1.0e6);  // an embedding and two blocks
  EXPECT_EQ(document.kv_bytes_per_token(), 2 * 256);
  // Only the block was measured at 512 tokens.
  EXPECT_EQ(document.limits().prefill_tokens, 128);
  EXPECT_EQ(document.limits().decode_batch, 8);
  EXPECT_EQ(document.limits().decode_context, 256);
}

TEST(ServingProfile, RefusesWhatCannotBe) {
  EXPECT_THAT(failure([](OrderedJson& j) { j["layer_kinds"][0]["prefill"][1]["tokens"] = 1; }),
              AllOf(HasSubstr("/layer_kinds/0/prefill/1/tokens"), HasSubstr("more tokens")));
  EXPECT_THAT(failure([](OrderedJson& j) { j["layer_kinds"][0]["decode"][1]["batch"] = 1; }),
              HasSubstr("each once"));
  EXPECT_THAT(failure([](OrderedJson& j) {
                j["layer_kinds"][0]["prefill"] = j["layer_kinds"][0]["decode"] =
                    OrderedJson::array();
              }),
              HasSubstr("a prefill or decode time"));
  EXPECT_THAT(
      failure([](OrderedJson& j) { j["layer_kinds"][0]["decode"][0]["time"]["median_s"] = 0; }),
      HasSubstr("greater than zero"));
  EXPECT_THAT(failure([](OrderedJson& j) { j["limits"]["decode_batch"] = 9; }),
              AllOf(HasSubstr("/limits"), HasSubstr("as the times say")));
  EXPECT_THAT(failure([](OrderedJson& j) { j["key"]["variant"] = "bf16-recompute"; }),
              HasSubstr("the dtype's name"));
  EXPECT_THAT(failure([](OrderedJson& j) { j["failures"][0]["status"] = "ok"; }),
              HasSubstr("the status of a failure"));
  EXPECT_THAT(failure([](OrderedJson& j) { j["failures"][0]["reason"] = ""; }),
              HasSubstr("why there is no time"));
  EXPECT_THAT(failure([](OrderedJson& j) { j["status"] = "oom"; }), HasSubstr("reason"));
  EXPECT_THAT(failure([](OrderedJson& j) { j["reason"] = "x"; }), HasSubstr("no reason"));
  EXPECT_THAT(failure([](OrderedJson& j) { j["sequence"].erase(1); }),
              HasSubstr("a place for \"block\""));
  EXPECT_THAT(failure([](OrderedJson& j) { j["provenance"].erase("driver"); }),
              HasSubstr("driver"));
  for (const char* part :
       {"", "/key", "/layer_kinds/0", "/layer_kinds/0/prefill/0", "/layer_kinds/0/decode/0",
        "/layer_kinds/1/tp_collectives/0", "/failures/0"}) {
    EXPECT_THAT(
        failure([&](OrderedJson& j) { j[OrderedJson::json_pointer(part)]["stranger"] = 1; }),
        HasSubstr("stranger"));
  }
}

TEST(ServingProfile, FlippedBytesAreReadOrRefusedButNeverCrash) {
  const std::string good = serving_document_text(toy_serving(1));
  Random random(11);
  int refused = 0;
  for (int i = 0; i < 2000; ++i) {
    std::string text = good;
    const std::size_t flips = 1 + random.below(4);
    for (std::size_t f = 0; f < flips; ++f) {
      text[random.below(text.size())] = static_cast<char>(random.below(256));
    }
    try {
      EXPECT_FALSE(parse(text).kinds.empty());
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 1000);
}

TEST(ServingProfile, IsDescribedByItsSchema) {
  testing::SchemaCheck schema("serving_profile");
  EXPECT_EQ(schema.problems(serving_document_text(toy_serving(1))), "");
  EXPECT_EQ(schema.problems(serving_document_text(failed_serving())), "");
  EXPECT_THAT(schema.unseen(), IsEmpty());
  ServingDatabase database{"toy", "A100-40", {}};
  merge_serving(database, toy_serving(1), MergePolicy::kError);
  merge_serving(database, failed_serving(), MergePolicy::kError);
  testing::SchemaCheck database_schema("serving_db");
  EXPECT_EQ(database_schema.problems(serving_database_text(database)), "");
  EXPECT_THAT(database_schema.unseen(), IsEmpty());
}

TEST(ServingDatabase, MergesByTheRules) {
  ServingDatabase database{"toy", "A100-40", {}};
  const auto enter = [&](const ServingDocument& document, MergePolicy policy) {
    return merge_serving(database, document, policy);
  };
  EXPECT_EQ(enter(failed_serving(), MergePolicy::kError), MergeOutcome::kAdded);
  EXPECT_EQ(enter(toy_serving(2), MergePolicy::kError), MergeOutcome::kReplaced);
  EXPECT_EQ(enter(toy_serving(2), MergePolicy::kError), MergeOutcome::kUnchanged);
  EXPECT_EQ(enter(failed_serving(), MergePolicy::kNewest), MergeOutcome::kKeptMeasurement);
  const ServingDocument newer = toy_serving(2, "2026-02-02T00:00:00Z");
  EXPECT_THAT(message_of([&] { enter(newer, MergePolicy::kError); }), HasSubstr("--merge=newest"));
  EXPECT_EQ(enter(newer, MergePolicy::kNewest), MergeOutcome::kReplaced);
  EXPECT_EQ(enter(toy_serving(2), MergePolicy::kNewest), MergeOutcome::kKeptMeasurement);
  ServingDocument same_time = newer;
  same_time.kinds[0].weight_bytes += 1;
  EXPECT_THAT(message_of([&] { enter(same_time, MergePolicy::kNewest); }),
              HasSubstr("different provenance times"));
}

TEST(ServingDatabase, IsGatheredBesideTheTrainingProfile) {
  const TemporaryFolder folder;
  GatherOptions options;
  options.model = "toy";
  options.gpu = "A100-40";
  options.profile_dir = folder.path() / "points";
  options.db_dir = folder.path() / "db";
  for (const int tp : {1, 2}) {
    const ServingDocument document = toy_serving(tp);
    write_text(options.profile_dir / serving_file_name(document.key),
               serving_document_text(document));
  }
  write_text(options.profile_dir / "bf16/serving_profile_toy_A100-40_4.json", "{}");
  // Serving alone is enough.
  GatherReport report = gather(options);
  EXPECT_EQ(report.merged_serving.size(), 2U);
  EXPECT_EQ(report.refused.size(), 1U);
  EXPECT_FALSE(std::filesystem::exists(report.file));
  EXPECT_EQ(read_serving_database(report.serving_file).profiles.size(), 2U);
  const std::string before = read_file(report.serving_file);
  // A conflict among points leaves the serving profiles as they were, and the other way round.
  write_text(options.profile_dir / point_file_name(toy_point(1, 1).key),
             point_document_text(toy_point(1, 1)));
  write_text(options.profile_dir / serving_file_name(toy_serving(2).key),
             serving_document_text(toy_serving(2, "2026-02-02T00:00:00Z")));
  EXPECT_THAT(message_of([&] { gather(options); }), HasSubstr("serving measured twice"));
  EXPECT_FALSE(std::filesystem::exists(report.file));
  EXPECT_EQ(read_file(report.serving_file), before);
  options.merge = MergePolicy::kNewest;
  report = gather(options);
  EXPECT_EQ(report.database.points.size(), 1U);
  EXPECT_NE(read_file(report.serving_file), before);
}

TEST(ServingDatabase, FileNamesStayBelowTheirFolder) {
  EXPECT_EQ(serving_file_name(toy_serving(2).key), "bf16/serving_profile_toy_A100-40_2.json");
  ServingKey key = toy_serving(1).key;
  key.model = key.variant = "../../etc/x";
  for (const auto& part : std::filesystem::path(serving_file_name(key))) EXPECT_NE(part, "..");
}

}  // namespace
}  // namespace sextant
