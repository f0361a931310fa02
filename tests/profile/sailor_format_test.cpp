#include "analyzer/profile/sailor_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "analyzer/profile/profile_grid.h"
#include "tests/profile/toy_points.h"
#include "tests/support/reference_data.h"
#include "tests/support/temporary_folder.h"

namespace sextant {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(SailorFormat, ReadsThePublishedSimulatorTable) {
  const auto artifact = reference_data("sailor");
  SEXTANT_NEEDS(artifact)
  EXPECT_THAT(list_sailor_models(artifact),
              ElementsAre("GPT-Neo-2.7", "LLAMA-3-8", "OPT-30", "OPT-350"));
  const ModelProfile opt = read_sailor_simulator_profile(artifact, "OPT-350", {"A100-40"});
  EXPECT_EQ(opt.variant, "artifact/simulator");
  EXPECT_EQ(opt.layer_count, 26);
  EXPECT_TRUE(opt.update_is_whole_step);
  EXPECT_THAT(opt.gpus(), ElementsAre("A100-40"));
  EXPECT_EQ(opt.points.size(), 12U);
  EXPECT_THAT(opt.notes, IsEmpty());
  EXPECT_EQ(opt.evidence({"A100-40"}), Evidence::kReplayed);
  // 53,608,448 elements of the embedding at tensor degree 1.
  EXPECT_EQ(opt.memory_at(1)[0].parameter_bytes, 53608448.0 * 4);
  EXPECT_EQ(opt.memory_at(1)[1].saved_activation_bytes, 90181632.0 * 4);
}

TEST(SailorFormat, NotesEveryAnomalyOfThePublishedTables) {
  const auto artifact = reference_data("sailor");
  SEXTANT_NEEDS(artifact)
  const ModelProfile neo = read_sailor_simulator_profile(artifact, "GPT-Neo-2.7", {});
  EXPECT_THAT(neo.notes, Contains(AllOf(HasSubstr("A100-80"), HasSubstr("optimizer step is 0"))));
  EXPECT_THAT(neo.notes, Contains(AllOf(HasSubstr("V100-16"), HasSubstr("no point for tp 1 at "
                                                                        "microbatch 8"))));
  const ModelProfile opt30 = read_sailor_simulator_profile(artifact, "OPT-30", {"V100-16"});
  EXPECT_THAT(opt30.notes, Contains(HasSubstr("want of a memory table")));
  EXPECT_THAT(opt30.tensor_degrees("V100-16", 1), ElementsAre(4));
  // The planner's GPT-Neo on GH-96 is OPT-350's, with 26 layers.
  const ModelProfile planner = read_sailor_planner_profile(artifact, "GPT-Neo-2.7", {});
  EXPECT_EQ(planner.variant, "artifact/planner");
  EXPECT_THAT(planner.gpus(), ElementsAre("A100-40", "A100-80", "V100-16"));
  EXPECT_THAT(planner.notes, Contains(AllOf(HasSubstr("GH-96"), HasSubstr("26 layers"))));
  try {
    read_sailor_planner_profile(artifact, "GPT-Neo-2.7", {"GH-96"});
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadInput);
    EXPECT_THAT(error.what(), AllOf(HasSubstr("GH-96/profile.json"), HasSubstr("34 layers"),
                                    HasSubstr("found 26")));
  }
}

TEST(SailorFormat, SaysWhichGpuTypesThereAre) {
  const auto artifact = reference_data("sailor");
  SEXTANT_NEEDS(artifact)
  for (const auto reader : {read_sailor_simulator_profile, read_sailor_planner_profile}) {
    try {
      reader(artifact, "OPT-30", {"RTX-2080"});
      ADD_FAILURE();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kBadInput);
      EXPECT_THAT(error.what(), AllOf(HasSubstr("RTX-2080"), HasSubstr("A100-40")));
    }
  }
}

class SailorToy : public ::testing::Test {
 protected:
  void write(const std::string& times) {
    const SailorPaths paths(directory_.path());
    const std::string layer = R"({"params_floats": 10, "act_output_floats": 2,
        "act_input_floats": 1, "act_mem_floats": 3})";
    write_text(paths.llm_info, R"({"toy": {"1": {"0": )" + layer + R"(, "1": )" + layer + "}}}");
    write_text(paths.profiles_tmp, R"({"toy": {"gpu": )" + times + "}}");
    write_text(paths.planner_profile("toy", "gpu"), times);
  }
  std::string failure(const std::string& times) {
    write(times);
    for (const auto reader : {read_sailor_simulator_profile, read_sailor_planner_profile}) {
      try {
        reader(directory_.path(), "toy", {"gpu"});
        ADD_FAILURE() << times;
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kBadInput);
        text_ = error.what();
      }
    }
    return text_;
  }

  TemporaryFolder directory_;
  std::string text_;
};

TEST_F(SailorToy, ReadsAndNotes) {
  write(R"({"1": {"1": {"0": [0.1, 0, 0], "1": [0.2, 0.4, 0]}}})");
  const auto profile = read_sailor_simulator_profile(directory_.path(), "toy", {"gpu"});
  EXPECT_EQ(profile.at("gpu", 1, 1).layers[1].backward_s, 0.4);
  EXPECT_EQ(profile.memory_at(1)[0].saved_activation_bytes, 12);
  EXPECT_EQ(profile.notes.size(), 2U);
}

TEST_F(SailorToy, RefusesWhatCannotBe) {
  EXPECT_THAT(failure(R"({"1": {"1": {"0": [0, 0.1, 0], "1": [1, 1, 0]}}})"),
              HasSubstr("1/1/0/0\""));
  EXPECT_THAT(failure(R"({"1": {"1": {"0": [1, 0.1, 0], "1": [1, -1, 0]}}})"),
              HasSubstr("not negative"));
  EXPECT_THAT(failure(R"({"1": {"1": {"0": [1, 0.1, 0], "1": [1, 0, 0]}}})"),
              HasSubstr("backward time greater than zero"));
  EXPECT_THAT(failure(R"({"1": {"1": {"0": [1, 0.1, 0], "1": [1, 1]}}})"),
              HasSubstr("[forward s, backward s, update s]"));
  EXPECT_THAT(failure(R"({"1": {"1": {"0": [1, 0.1, 0], "2": [1, 1, 0]}}})"),
              HasSubstr("no layer 1"));
  EXPECT_THAT(failure(R"({"1": {"1": {"0": [1, 0.1, 0]}}})"), HasSubstr("2 layers"));
  EXPECT_THAT(failure(R"({"0": {"1": {"0": [1, 1, 0], "1": [1, 1, 0]}}})"), HasSubstr("from 1 to"));
  EXPECT_THAT(failure(R"({"1": {"01": {"0": [1, 1, 0], "1": [1, 1, 0]},
                               "1": {"0": [1, 1, 0], "1": [1, 1, 0]}}})"),
              HasSubstr("a second one"));
  EXPECT_THAT(failure("{}"), HasSubstr("at least one usable point"));
  EXPECT_THAT(failure("[]"), HasSubstr("expected an object"));
  EXPECT_THAT(failure(R"({"1": {"2": {"0": [1, 1, 0], "1": [1, 1, 0]}}})"),
              HasSubstr("at least one usable point"));
}

}  // namespace
}  // namespace sextant
