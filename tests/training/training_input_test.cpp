// What a training problem is read from: profiles found or estimated, options that contradict.
#include "analyzer/training/training_input.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"
#include "analyzer/core/json_document.h"
#include "analyzer/model/zoo.h"
#include "analyzer/profile/estimate_points.h"
#include "analyzer/profile/gather.h"
#include "analyzer/profile/gpu.h"
#include "tests/support/project_paths.h"
#include "tests/support/temporary_folder.h"

namespace sextant {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class TrainingInputTest : public testing::Test {
 protected:
  /// One pool of four nodes of four GPUs for each type, all in one zone.
  void cluster(const std::vector<std::string>& gpus, bool network = true) {
    OrderedJson document = {{"schema", schema_id("cluster")}, {"name", "some"}};
    for (const std::string& gpu : gpus) {
      document["pools"].push_back(
          {{"gpu", gpu}, {"zone", "hall"}, {"nodes", 4}, {"gpus_per_node", 4}});
    }
    if (network) {
      const OrderedJson link = {
          {"model",
           {{"kind", "latency_bandwidth"}, {"latency_s", 1e-5}, {"bandwidth_bytes_per_s", 1e10}}},
          {"evidence", "estimated"},
          {"source", "made up"}};
      document["network"] = {
          {"name", "some"},
          {"levels", {{{"level", "between_nodes"}, {"links", OrderedJson::array({link})}}}}};
    }
    options_.cluster = folder_.write("cluster.json", json_text(document));
  }
  void job(const std::string& model, const std::string& dtype) {
    options_.job = folder_.write("job.json", json_text({{"schema", schema_id("job")},
                                                        {"model", model},
                                                        {"global_batch", 64},
                                                        {"dtype", dtype}}));
  }
  /// Code and text of the error that loading ends in.
  std::string refusal(ErrorCode code) const {
    try {
      load_training_input(options_);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code) << error.what();
      return error.what();
    }
    ADD_FAILURE() << "accepted";
    return "";
  }

  TemporaryFolder folder_;
  TrainingInputOptions options_;
};

TEST_F(TrainingInputTest, LeavesOutTypesThatCannotComputeInTheDataType) {
  cluster({"A100-40", "V100-16"});
  job("Llama-3-8B", "bf16");
  const TrainingInput input = load_training_input(options_);
  EXPECT_THAT(input.profile.gpus(), ElementsAre("A100-40"));
  EXPECT_EQ(input.cluster.summary(), "16xA100-40@hall");
  EXPECT_THAT(input.notes, Contains(HasSubstr("V100-16 left out: it does not compute in bf16")));
}

TEST_F(TrainingInputTest, FailsWhereNoTypeComputesInTheDataType) {
  cluster({"V100-16"});
  job("Llama-3-8B", "bf16");
  const std::string message = refusal(ErrorCode::kBadInput);
  EXPECT_THAT(message, HasSubstr("no GPU type of cluster \"some\" computes in bf16"));
  EXPECT_THAT(message, HasSubstr("V100-16 (fp32, fp16)"));
}

TEST_F(TrainingInputTest, SaysWhichPoolsNoLinkJoins) {
  job("OPT-350M", "fp32");
  cluster({"A100-40", "V100-16"});
  EXPECT_THAT(load_training_input(options_).notes, Not(Contains(HasSubstr("no link"))));
  cluster({"A100-40", "V100-16"}, false);
  EXPECT_THAT(load_training_input(options_).notes,
              Contains(HasSubstr("no link between nodes of A100-40@hall, from A100-40@hall to "
                                 "V100-16@hall, between nodes of V100-16@hall")));
}

TEST_F(TrainingInputTest, HeedsEveryOptionOrRefusesIt) {
  cluster({"A100-40"});
  job("OPT-350M", "fp32");
  options_.profile_db = "/nowhere";
  EXPECT_THAT(refusal(ErrorCode::kBadInput), HasSubstr("/nowhere: expected the directory"));
  options_.profile_db = folder_.path();  // a database of nothing
  EXPECT_THAT(load_training_input(options_).notes, Contains(HasSubstr("roofline")));
  options_.variant = "fp32-fast";
  EXPECT_THAT(refusal(ErrorCode::kBadInput), HasSubstr("none of variant \"fp32-fast\""));
  options_.artifact = folder_.path();
  EXPECT_THAT(refusal(ErrorCode::kUsage), HasSubstr("an artifact brings its own profiles"));
}

TEST_F(TrainingInputTest, RefusesProfilesOfOtherSequencesAndUnits) {
  cluster({"A100-40"});
  job("OPT-350M", "fp32");
  options_.profile_db = folder_.path() / "db";
  RooflineOptions roofline;
  roofline.dtype = DataType::kFp32;
  roofline.seq_len = 1024;
  GatherOptions target;
  target.model = "OPT-350M";
  target.gpu = "A100-40";
  target.db_dir = options_.profile_db;
  const auto enter = [&](double unit) {
    std::vector<PointDocument> points =
        estimate_points(zoo_model("OPT-350M"), gpu_named("A100-40"), roofline);
    for (PointDocument& point : points) {
      for (LayerKindProfile& kind : point.kinds) kind.forward.median_s *= unit;
    }
    enter_points(target, points);
  };
  enter(1);
  EXPECT_THAT(refusal(ErrorCode::kBadInput),
              HasSubstr("expected points of sequences of 2048 tokens, as the job has, found 1024"));
  roofline.seq_len = 2048;
  enter(1);  // now there are both
  EXPECT_EQ(load_training_input(options_).profile.points.begin()->second.layers.size(), 26U);
  std::filesystem::remove_all(options_.profile_db);
  enter(1e-6);
  EXPECT_THAT(refusal(ErrorCode::kBadInput), HasSubstr("expected times in seconds"));
  std::filesystem::remove_all(options_.profile_db);
  enter(1e3);
  EXPECT_THAT(refusal(ErrorCode::kBadInput), HasSubstr("looks like milliseconds"));
}

TEST_F(TrainingInputTest, RefusesTruncatedProfiles) {
  cluster({"A100-40"});
  job("OPT-350M", "fp32");
  options_.profile_db = folder_.path();
  folder_.write("OPT-350M/A100-40/profile.json",
                "{\"schema\": \"sextant/profile_db/1.0\", \"model\": \"OPT-350M\", \"gpu\"");
  // The folder's name alone says what the broken file is of.
  EXPECT_THAT(refusal(ErrorCode::kBadInput), HasSubstr("profile.json: is not valid JSON at byte"));
}

TEST_F(TrainingInputTest, KnowsAModelByItsNameWhereAFileDescribesIt) {
  cluster({"A100-40"});
  job(source_path("tests/data/profiler/tiny-llama.json"), "fp32");
  EXPECT_EQ(load_training_input(options_).job.model, "tiny-llama");
}

TEST_F(TrainingInputTest, FrameworksBringTheMemoryOfTheirProcesses) {
  cluster({"A100-40"});
  const auto with_framework = [&](const std::string& name) {
    options_.job = folder_.write("job.json", json_text({{"schema", schema_id("job")},
                                                        {"model", "OPT-350M"},
                                                        {"global_batch", 64},
                                                        {"framework", name}}));
  };
  with_framework("deepspeed");
  EXPECT_EQ(load_training_input(options_).calibration.process_bytes, 4.6e9);
  with_framework("sextant");
  EXPECT_EQ(load_training_input(options_).calibration.process_bytes, Calibration().process_bytes);
  with_framework("torch");
  EXPECT_THAT(refusal(ErrorCode::kBadInput),
              testing::AllOf(HasSubstr("job.json: /framework"), HasSubstr("megatron-overlap")));
}

TEST_F(TrainingInputTest, RefusesClustersWithoutGpus) {
  cluster({"A100-40"});
  std::string text = read_file(options_.cluster);
  text.replace(text.find("\"nodes\": 4"), 10, "\"nodes\": 0");
  options_.cluster = folder_.write("none.json", text);
  job("OPT-350M", "fp32");
  EXPECT_THAT(refusal(ErrorCode::kInfeasible), HasSubstr("cluster \"some\" has no GPUs"));
}

}  // namespace
}  // namespace sextant
