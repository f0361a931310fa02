// profile_model as a process with made-up ranks: what it measures, keeps and writes.
#include "tests/profiler/sweep/sweep_fixture.h"
#include "tests/support/project_paths.h"
#include "tests/support/schema_check.h"

namespace sextant::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class ProfileModel : public SweepFixture {};

nlohmann::json described(const ProgramResult& result) {
  EXPECT_EQ(SchemaCheck("sweep").problems(result.out), "");
  return nlohmann::json::parse(result.out);
}

TEST_F(ProfileModel, MeasuresTheGridWithOneWorldForLoneRanksAndOneForEachDegree) {
  const ProgramResult result =
      sweep({"--tp", "4,1,2", "--mbs", "2,1", "--dtype", "fp32,bf16", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(log(), ElementsAre("start 1", "1 1 10", "1 2 10", "start 2", "2 1 10", "2 2 10",
                                 "start 4", "4 1 10", "4 2 10", "start 1", "1 1 10", "1 2 10",
                                 "start 2", "2 1 10", "2 2 10", "start 4", "4 1 10", "4 2 10"));
  const nlohmann::json json = described(result);
  EXPECT_EQ(json.at("complete"), true);
  ASSERT_EQ(json.at("points").size(), 12U);
  // 6 layers (embedding, 3 blocks, norm, head) of 1, 2 and 0.1 ms at tp 1 and microbatch 1.
  EXPECT_NEAR(json.at("points")[0].at("forward_s").get<double>(), 6e-3, 1e-9);
  EXPECT_NEAR(json.at("points")[0].at("backward_s").get<double>(), 12e-3, 1e-9);
  EXPECT_NEAR(json.at("points")[0].at("update_s").get<double>(), 6e-4, 1e-9);
  for (const auto& row : json.at("points")) {
    const PointDocument document =
        read_point_document(JsonDocument::read(row.at("file").get<std::string>()));
    EXPECT_EQ(document.key.tp, row.at("tp"));
    EXPECT_EQ(document.key.microbatch, row.at("microbatch"));
    EXPECT_EQ(document.key.variant, row.at("variant"));
    EXPECT_EQ(document.collectives_are_timed, true);
  }
  EXPECT_THAT(result.err, HasSubstr("these times are made up"));
  EXPECT_THAT(leftovers(), IsEmpty());
}

TEST_F(ProfileModel, OneRankMeasuresAllThatIsRecorded) {
  ASSERT_EQ(sweep({"--tp", "1,2,4", "--mbs", "1", "--collectives", "recorded"}).exit_code, 0);
  EXPECT_THAT(log(), ElementsAre("start 1", "1 1 10", "2 1 10", "4 1 10"));
  EXPECT_FALSE(point(2, 1).collectives_are_timed);
}

TEST_F(ProfileModel, ProvenanceNamesHostCommandAndRevision) {
  ASSERT_EQ(sweep({"--tp", "1", "--mbs", "1"}).exit_code, 0);
  const auto provenance = point(1, 1).provenance;
  EXPECT_THAT(provenance.at("command"),
              AllOf(HasSubstr("profile_model --model "), HasSubstr(" --tp 1 --mbs 1")));
  EXPECT_NE(provenance.at("host"), "");
  EXPECT_NE(provenance.at("git_revision"), "");
}

TEST_F(ProfileModel, RefusesToOverwriteUnlessItIsTold) {
  ASSERT_EQ(sweep({"--tp", "1", "--mbs", "1,2"}).exit_code, 0);
  clear_log();
  const ProgramResult refused = sweep({"--tp", "1", "--mbs", "1,2,4"});
  EXPECT_EQ(refused.exit_code, 3);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("is there already, and 1 more of the 3 points"),
                                 HasSubstr("--resume"), HasSubstr("--force")));
  EXPECT_THAT(log(), IsEmpty());

  EXPECT_EQ(sweep({"--tp", "1", "--mbs", "1,2,4", "--resume"}).exit_code, 0);
  EXPECT_THAT(measured(), ElementsAre("1 4"));
  clear_log();
  EXPECT_EQ(sweep({"--tp", "1", "--mbs", "1,2,4", "--force"}).exit_code, 0);
  EXPECT_THAT(measured(), ElementsAre("1 1", "1 2", "1 4"));
  EXPECT_EQ(sweep({"--tp", "1", "--force", "--resume"}).exit_code, 2);
}

TEST_F(ProfileModel, ResumeMeasuresFailedAndUnreadablePointsAgainAndSaysSo) {
  ASSERT_EQ(sweep({"--tp", "1", "--mbs", "1,2,4,8"}, "exit:1:2:7").exit_code, 5);
  EXPECT_EQ(point(1, 2).status, PointStatus::kError);
  folder_.write("points/fp32/seq32/profile_tiny_CPU_1_4.json", "{\"schema\": \"sextant/pro");
  std::filesystem::remove(file(1, 8));
  clear_log();
  const ProgramResult result = sweep({"--tp", "1", "--mbs", "1,2,4,8", "--resume", "--json"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(measured(), ElementsAre("1 2", "1 4", "1 8"));
  EXPECT_THAT(result.err, AllOf(HasSubstr("1 of 4 points are there already"),
                                HasSubstr("measured again: " + file(1, 2).string() + ": error"),
                                HasSubstr("measured again: " + file(1, 4).string())));
  EXPECT_EQ(described(result).at("points")[0].at("kept"), true);
  EXPECT_EQ(point(1, 8).key.microbatch, 8);
}

// Somebody else's measurement under our name is nothing to throw away unasked.
TEST_F(ProfileModel, ResumeRefusesDocumentsOfOtherPoints) {
  ASSERT_EQ(sweep({"--tp", "1", "--mbs", "1", "--dtype", "bf16", "--flat"}).exit_code, 0);
  const ProgramResult result = sweep({"--tp", "1", "--mbs", "1", "--flat", "--resume"});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, AllOf(HasSubstr("profile_tiny_CPU_1_1.json: is of \"tiny\" on \"CPU\", "
                                          "bf16"),
                                HasSubstr("--force")));
  EXPECT_EQ(sweep({"--tp", "1", "--mbs", "1", "--flat", "--force"}).exit_code, 0);
}

TEST_F(ProfileModel, AfterOutOfMemoryLargerOnesAreNotTriedAndTheLargestIsFound) {
  // 37 does not fit, 36 does.
  const ProgramResult result =
      sweep({"--tp", "1,2", "--mbs", "8,16,32,64,128", "--json"}, "oom:1:37");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(measured(),
              ElementsAre("1 8", "1 16", "1 32", "1 64", "2 8", "2 16", "2 32", "2 64", "2 128"));
  const nlohmann::json json = described(result);
  EXPECT_EQ(json.at("points")[3].at("status"), "oom");
  EXPECT_EQ(json.at("points")[3].at("largest_microbatch"), 36);
  EXPECT_EQ(json.at("points")[4].at("largest_microbatch"), 36);
  EXPECT_EQ(json.at("points")[4].at("reason"), "microbatch 64 did not fit already");
  EXPECT_EQ(point(1, 128).status, PointStatus::kOutOfMemory);
  EXPECT_EQ(point(1, 64).largest_microbatch, 36);
  EXPECT_EQ(point(1, 128).largest_microbatch, 36);
  EXPECT_THAT(result.out, Not(HasSubstr("\"error\"")));
  // Bisection between 32 and 64 tries at most five.
  int trials = 0;
  for (const std::string& line : log()) trials += line.ends_with(" 1") && !line.starts_with("s");
  EXPECT_LE(trials, 5);

  clear_log();
  ASSERT_EQ(sweep({"--tp", "1,2", "--mbs", "8,16,32,64,128,256", "--resume"}, "oom:1:37").exit_code,
            0);
  EXPECT_THAT(measured(), ElementsAre("2 256"));
  EXPECT_EQ(point(1, 256).status, PointStatus::kOutOfMemory);
  EXPECT_EQ(point(1, 256).largest_microbatch, 36);
  // What is known is not searched again.
  clear_log();
  sweep({"--tp", "1", "--mbs", "8,16,32,64,128,256", "--resume"}, "oom:1:37");
  EXPECT_THAT(log(), IsEmpty());
}

TEST_F(ProfileModel, NotEvenOneSequenceFits) {
  const ProgramResult result = sweep({"--tp", "1", "--mbs", "1,2", "--json"}, "oom:1:1");
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(described(result).at("points")[1].at("largest_microbatch"), 0);
}

TEST_F(ProfileModel, ShardsMeasureEveryPointOnce) {
  for (const char* shard : {"0/3", "1/3", "2/3"}) {
    ASSERT_EQ(sweep({"--tp", "1,2", "--mbs", "1,2,4,8", "--shard", shard}).exit_code, 0);
  }
  EXPECT_THAT(measured(), ::testing::UnorderedElementsAre("1 1", "1 2", "1 4", "1 8", "2 1", "2 2",
                                                          "2 4", "2 8"));
  const ProgramResult all = sweep({"--tp", "1,2", "--mbs", "1,2,4,8", "--resume"});
  EXPECT_THAT(all.err, HasSubstr("8 of 8 points are there already"));
  for (const char* shard : {"3/3", "-1/3", "1", "1/", "a/b", "1/3x"}) {
    EXPECT_EQ(sweep({"--shard", shard}).exit_code, 2) << shard;
  }
  EXPECT_EQ(sweep({"--tp", "1", "--mbs", "1", "--shard", "1/2", "--force"}).exit_code, 3);
}

// The bounds of bisection may lie in other shards' documents.
TEST_F(ProfileModel, AShardFindsTheLargestMicrobatchWithTheOthersDocuments) {
  const std::vector<std::string> grid = {"--tp", "1", "--mbs", "8,16,32", "--json", "--shard"};
  const auto shard = [&](const char* which) {
    std::vector<std::string> words = grid;
    words.emplace_back(which);
    return sweep(words, "oom:1:19");
  };
  ASSERT_EQ(shard("0/3").exit_code, 0);
  ASSERT_EQ(shard("1/3").exit_code, 0);
  clear_log();
  EXPECT_EQ(described(shard("2/3")).at("points")[0].at("largest_microbatch"), 18);
  EXPECT_LE(log().size(), 2 + 2 * 4U);  // one measurement and four trials, each with a start
}

TEST_F(ProfileModel, PlanOnlyMeasuresAndWritesNothing) {
  const ProgramResult text = sweep({"--tp", "1,2", "--plan-only"});
  EXPECT_EQ(text.exit_code, 0);
  EXPECT_THAT(text.out, AllOf(HasSubstr("tiny on CPU, 8 points"), HasSubstr("real")));
  const nlohmann::json json = described(sweep({"--tp", "1,2", "--plan-only", "--json"}));
  EXPECT_EQ(json.at("points").size(), 8U);
  EXPECT_EQ(json.at("points")[7].at("status"), "planned");
  EXPECT_EQ(json.at("points")[7].at("file"), file(2, 8).string());
  EXPECT_FALSE(std::filesystem::exists(out()));
  EXPECT_THAT(log(), IsEmpty());
}

TEST_F(ProfileModel, WritesServingProfiles) {
  const ProgramResult result = sweep({"--mode", "serve", "--tp", "1,2", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto sweep_document = described(result);
  for (const auto& row : sweep_document.at("points")) {
    EXPECT_EQ(row.at("status"), "ok");
    EXPECT_EQ(JsonDocument::read(row.at("file").get<std::string>()).kind(), "serving_profile");
  }
  EXPECT_TRUE(std::filesystem::exists(out() / "fp32/serving_profile_tiny_CPU_2.json"));
  const ProgramResult again = sweep({"--mode", "serve", "--tp", "1,2", "--resume"});
  EXPECT_THAT(again.err, HasSubstr("2 of 2 points are there already"));
  EXPECT_EQ(sweep({"--mode", "serve", "--recompute"}).exit_code, 2);
  EXPECT_EQ(sweep({"--decode-batches", "1"}).exit_code, 2);
}

TEST_F(ProfileModel, FlatDocumentsLieInTheDirectoryItself) {
  ASSERT_EQ(sweep({"--tp", "1", "--mbs", "1", "--flat"}).exit_code, 0);
  EXPECT_TRUE(std::filesystem::exists(out() / "profile_tiny_CPU_1_1.json"));
  EXPECT_EQ(sweep({"--tp", "1", "--flat", "--dtype", "fp32,bf16"}).exit_code, 2);
}

// launch/sailor/profiling/profile.sh MODEL DIR, as the published guide has it.
TEST_F(ProfileModel, TheGuidesScriptLeavesPlainFileNames) {
  const std::string script = sextant::source_path("launch/sailor/profiling/profile.sh");
  const std::string bin = std::filesystem::path(built_program("profile_model")).parent_path();
  const auto run = [&](const std::vector<std::string>& words) {
    std::vector<std::string> line = {"bash", script};
    line.insert(line.end(), words.begin(), words.end());
    return run_program(line, {.environment = {{"SEXTANT_BIN", bin}}});
  };
  const std::string model = sextant::source_path("tests/profiler/sweep/tiny_model.json");
  const ProgramResult result = run({model, out().string(), "--device", "cpu", "--rank-program",
                                    built_program("fake_rank"), "--tp", "1,2"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  for (const int tp : {1, 2}) {
    for (const int microbatch : {1, 2, 4, 8}) {
      const std::string name =
          "profile_tiny_CPU_" + std::to_string(tp) + "_" + std::to_string(microbatch) + ".json";
      EXPECT_TRUE(std::filesystem::exists(out() / name)) << name;
    }
  }
  const ProgramResult gathered =
      run_program({built_program("gather_profs"), "--model-name", "tiny", "--gpu-type", "CPU",
                   "--profile-dir", out().string(), "--db", (folder_.path() / "db").string()});
  EXPECT_EQ(gathered.exit_code, 0) << gathered.err;
  EXPECT_EQ(run({"OPT-350", out().string(), "--device", "cpu", "--plan-only"}).exit_code, 0);
  EXPECT_EQ(run({model}).exit_code, 2);
}

TEST_F(ProfileModel, BadRequestsAreRefusedBeforeAnythingIsMeasured) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> bad = {
      {{"--tp", "3"},
       "tensor degree 3 does not divide its 4 attention heads; the nearest that "
       "does is 2 or 4"},
      {{"--tp", "2", "--seq-len", "33", "--sequence-parallel"}, "2 does not divide 33 tokens"},
      {{"--dtype", "fp64"}, "expected fp32, tf32, fp16 or bf16"},
      {{"--dtype", "tf32"}, "only GPUs compute in it"},
      {{"--model", "OPT-351M"}, "OPT-350M"},
      {{"--device", "cuda"}, "--device cpu"},
      {{"--rank-program", "/nonexistent/rank"}, "./setup --full"},
  };
  for (const auto& [words, message] : bad) {
    std::vector<std::string> line = command({});
    // The option's own value, not a second one.
    const auto same = std::find(line.begin(), line.end(), words[0]);
    if (same != line.end()) line.erase(same, same + 2);
    line.insert(line.end(), words.begin(), words.end());
    const ProgramResult result = run_program(line);
    EXPECT_EQ(result.exit_code, 3) << message;
    EXPECT_THAT(result.err, HasSubstr(message));
    EXPECT_EQ(result.out, "");
  }
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"--tp", "0"},
                                             {"--mbs", "x"},
                                             {"--optimizer", "lion"},
                                             {"--collectives", "some"},
                                             {"--memory-limit", "10 parsecs"},
                                             {"--mode", "dream"},
                                             {"--time-limit", "0"}}) {
    EXPECT_EQ(sweep(words).exit_code, 2) << words[1];
  }
  EXPECT_FALSE(std::filesystem::exists(out()));
}

}  // namespace
}  // namespace sextant::testing
