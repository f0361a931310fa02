#include "analyzer/profile/export/sailor_export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/files.h"
#include "analyzer/profile/profile_db.h"
#include "analyzer/profile/sailor_format.h"
#include "analyzer/profile/sailor_points.h"
#include "tests/profile/toy_points.h"
#include "tests/support/reference_data.h"
#include "tests/support/temporary_folder.h"

namespace sextant {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Two layers at microbatch 2, whole-step update.
PointDocument two_layers() {
  PointDocument point = toy_point(1, 2);
  point.kinds.resize(2);
  point.kinds[0].backward = {1e-6, 1e-6, 1e-6, 0, 0};
  point.sequence = {{0, 1}, {1, 1}};
  point.update_is_whole_step = true;
  return point;
}

TEST(SailorExport, WritesPointFilesAsJsonDumpDoes) {
  // Key order of the artifact, two spaces, floats as Python's repr has them.
  EXPECT_EQ(sailor_point_text(two_layers()), R"({
  "timing": {
    "0": [
      0.02,
      1e-06,
      0.001
    ],
    "1": [
      0.02,
      0.04,
      0.001
    ]
  },
  "memory": {
    "0": {
      "params_floats": 1000000,
      "act_output_floats": 512,
      "act_input_floats": 512,
      "act_mem_floats": 4096,
      "params_bytes": 4000000,
      "act_output_bytes": 2048,
      "act_input_bytes": 2048,
      "act_mem_bytes": 16384
    },
    "1": {
      "params_floats": 1000000,
      "act_output_floats": 512,
      "act_input_floats": 512,
      "act_mem_floats": 4096,
      "params_bytes": 4000000,
      "act_output_bytes": 2048,
      "act_input_bytes": 2048,
      "act_mem_bytes": 16384
    }
  }
})");
  EXPECT_EQ(sailor_point_file_name("OPT", two_layers().key), "profile_OPT_A100-40_1_2.json");
}

TEST(SailorExport, PointFilesComeBack) {
  const PointDocument point = two_layers();
  const JsonDocument document =
      JsonDocument::parse(sailor_point_text(point), "profile_toy_A100-40_1_2.json");
  const auto name = point_file_name_parts(document.file(), "A100-40");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->id, "toy");
  EXPECT_EQ(name->tp, 1);
  EXPECT_EQ(name->microbatch, 2);
  const PointDocument back = read_sailor_point(document, *name, "toy", "A100-40");
  EXPECT_EQ(back.key.variant, "artifact/points");
  EXPECT_EQ(back.evidence, Evidence::kReplayed);
  EXPECT_EQ(sailor_point_text(back), sailor_point_text(point));
}

TEST(SailorExport, FileNamesOfOtherFormsAreNoPoints) {
  for (const char* name :
       {"profile_OPT_A100-40_1.json", "profile_OPT_V100-16_1_1.json", "profile_A100-40_1_1.json",
        "profile__1_1.json", "profile.json", "profile_OPT_A100-40_0_1.json",
        "profile_OPT_A100-40_1_1.json.bak", "profile_OPT_A100-40_1_+1.json", ""}) {
    EXPECT_FALSE(point_file_name_parts(name, "A100-40")) << name;
  }
}

TEST(SailorExport, RefusesWhatTheFormatCannotHold) {
  PointDocument half = two_layers();
  half.key.dtype = half.key.variant = "bf16";
  EXPECT_THAT(message_of([&] { sailor_point_text(half); }), HasSubstr("found bf16"));
  EXPECT_THAT(message_of([] { sailor_point_text(failed_point(1, 1, PointStatus::kOutOfMemory)); }),
              HasSubstr("status oom"));
}

TEST(SailorExport, SumsPerLayerUpdatesIntoOneStep) {
  PointDocument point = two_layers();
  point.update_is_whole_step = false;
  EXPECT_THAT(sailor_profile_text({point}), HasSubstr("0.002\n"));
}

TEST(SailorExport, LayoutKeepsOtherModelsAndIsReadBack) {
  TemporaryFolder folder;
  const SailorPaths paths(folder.path());
  write_text(paths.llm_info, R"({"zebra": {"1": {}}, "apple": {"1": {}}})");
  write_text(paths.profiles_tmp, R"({"toy": {"V100-16": {}}, "apple": {}})");
  const auto files =
      write_sailor_layout(folder.path(), {toy_point(1, 1), toy_point(1, 2), toy_point(2, 2)});
  EXPECT_EQ(files.size(), 3U);
  const std::string info = read_file(paths.llm_info);
  // In their order: what the artifact had, then what is new.
  EXPECT_LT(info.find("zebra"), info.find("apple"));
  EXPECT_LT(info.find("apple"), info.find("toy"));
  EXPECT_THAT(read_file(paths.profiles_tmp), HasSubstr("V100-16"));
  for (const auto reader : {read_sailor_simulator_profile, read_sailor_planner_profile}) {
    const ModelProfile profile = reader(folder.path(), "toy", {"A100-40"});
    EXPECT_DOUBLE_EQ(profile.at("A100-40", 2, 2).layers[1].backward_s, 0.04);
    // Of one sequence, though tp 2 was measured with two.
    EXPECT_DOUBLE_EQ(profile.memory_at(2)[1].saved_activation_bytes, 8192);
    EXPECT_DOUBLE_EQ(profile.memory_at(2)[1].parameter_bytes, 2e6);
  }
  write_text(paths.llm_info, R"({"toy": 5})");
  EXPECT_THAT(message_of([&] { write_sailor_layout(folder.path(), {toy_point(1, 1)}); }),
              AllOf(HasSubstr("llm_info.json"), HasSubstr("/toy")));
}

TEST(SailorExport, PublishedTablesSurviveTheRoundTrip) {
  const auto artifact = reference_data("sailor");
  SEXTANT_NEEDS(artifact)
  for (const auto& [model, gpu] :
       {std::pair("OPT-350", "A100-40"), std::pair("OPT-350", "GH-96"),
        std::pair("GPT-Neo-2.7", "V100-16"), std::pair("LLAMA-3-8", "A100-40")}) {
    const auto points = sailor_point_documents(read_sailor_planner_profile(artifact, model, {gpu}));
    const auto original =
        nlohmann::json::parse(read_file(SailorPaths(artifact).planner_profile(model, gpu)));
    EXPECT_EQ(nlohmann::json::parse(sailor_profile_text(points)), original) << model << gpu;
    // Distinct layer kinds, not one for each layer.
    EXPECT_LE(points.front().kinds.size(), 5U);
    EXPECT_EQ(points.front().kinds.front().kind, "embedding");
    EXPECT_EQ(points.front().kinds.back().kind, "head");
  }
}

}  // namespace
}  // namespace sextant
