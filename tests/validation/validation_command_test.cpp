// sextant validate, measured, and reproduce with measured runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/files.h"
#include "analyzer/measured/measured_run.h"
#include "tests/cli/run_program.h"
#include "tests/support/project_paths.h"
#include "tests/support/reference_data.h"
#include "tests/support/schema_check.h"
#include "tests/support/temporary_folder.h"

namespace sextant::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const std::string kCluster = sextant::source_path("profiles/clusters/two-types.json");
const std::string kJob = sextant::source_path("profiles/jobs/opt-350m.json");

/// A run of OPT-350M on `gpus` A100 of the cluster, data parallel.
MeasuredRun run_of(const std::string& name, int gpus, double time_s, double bytes) {
  MeasuredRun run;
  run.name = name;
  run.model = "OPT-350M";
  run.dtype = "fp32";
  run.seq_len = 2048;
  run.framework = "megatron";
  run.evidence = Evidence::kReplayed;
  run.iteration.median_s = time_s;
  run.peak_process_bytes = bytes;
  run.plan.model = run.model;
  run.plan.layer_count = 26;
  run.plan.global_batch = 8;
  run.plan.microbatch = 1;
  Stage stage{{{0, 26}}, {}};
  stage.replicas.assign(static_cast<std::size_t>(gpus),
                        Replica{{{"A100-40", "hall", -1, 1}}, 1, 0});
  run.plan.pipelines = {{{stage}}};
  return run;
}

void write(const TemporaryFolder& folder, const MeasuredRun& run) {
  folder.write("runs/" + safe_file_name(run.name) + ".json", json_text(measured_json(run)));
}

class ValidateCommand : public ::testing::Test {
 protected:
  ValidateCommand() {
    write(folder_, run_of("N1", 2, 1.5, 2e10));
    write(folder_, run_of("N2", 4, 0.8, 2.1e10));
  }
  ProgramResult validate(const std::vector<std::string>& further) const {
    std::vector<std::string> words = {"validate",  "--measured",  path("runs"),
                                      "--cluster", kCluster,      "--job",
                                      kJob,        "--estimator", "sailor"};
    words.insert(words.end(), further.begin(), further.end());
    return run_sextant(words);
  }
  std::string path(const std::string& name) const { return folder_.path() / name; }

  TemporaryFolder folder_;
};

TEST_F(ValidateCommand, PrintsRowsAndSummary) {
  const ProgramResult text = validate({"--csv", path("v.csv"), "--plot", path("v.svg")});
  ASSERT_EQ(text.exit_code, 0) << text.err;
  EXPECT_THAT(text.out, AllOf(HasSubstr("N1"), HasSubstr("1.50 s"), HasSubstr("20.0 GB"),
                              HasSubstr("under-predicted")));
  EXPECT_THAT(read_file(path("v.csv")), StartsWith("config,quantity,estimator"));
  EXPECT_THAT(read_file(path("v.svg")), HasSubstr("sailor, memory"));
  const ProgramResult json = validate({"--json"});
  ASSERT_EQ(json.exit_code, 0) << json.err;
  EXPECT_EQ(SchemaCheck("validation").problems(json.out), "");
  EXPECT_EQ(validate({"--json"}).out, json.out);
  EXPECT_THAT(validate({"--json", "--quantity", "time"}).out, Not(HasSubstr("\"memory\"")));
}

// What was printed once can be looked at again, without what it was made of.
TEST_F(ValidateCommand, ReadsItsOwnDocument) {
  const std::string document = folder_.write("v.json", validate({"--json"}).out);
  const ProgramResult again = run_sextant({"validate", "--from", document});
  ASSERT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(again.out, validate({}).out);
  EXPECT_EQ(run_sextant({"validate", "--from", document, "--job", kJob}).exit_code, 2);
  EXPECT_EQ(run_sextant({"validate", "--from", document, "--estimator", "x"}).exit_code, 3);
  EXPECT_EQ(run_sextant({"validate", "--measured", path("runs")}).exit_code, 2);
}

TEST_F(ValidateCommand, RefusesRunsOfAnotherModel) {
  MeasuredRun other = run_of("N3", 1, 1, 1e10);
  other.dtype = "bf16";
  write(folder_, other);
  const ProgramResult refused = validate({});
  EXPECT_EQ(refused.exit_code, 3);
  EXPECT_EQ(refused.out, "");
  EXPECT_THAT(refused.err, AllOf(HasSubstr("N3.json"), HasSubstr("dtype \"bf16\""),
                                 HasSubstr("opt-350m.json has \"fp32\"")));
}

// A plan that the cluster cannot hold is a row that says so; the rest is predicted.
TEST_F(ValidateCommand, SaysWhichRunsCannotBePredicted) {
  MeasuredRun other = run_of("N3", 1, 1, 1e10);
  other.plan.pipelines[0].stages[0].replicas[0].machines[0].zone = "attic";
  write(folder_, other);
  const ProgramResult partial = validate({"--json", "--quantity", "time"});
  EXPECT_EQ(partial.exit_code, 5);
  EXPECT_EQ(SchemaCheck("validation").problems(partial.out), "");
  EXPECT_THAT(partial.out, AllOf(HasSubstr("\"unpredicted\""), HasSubstr("attic")));
  EXPECT_THAT(partial.err, HasSubstr("1 of 3 rows have no prediction"));
}

TEST_F(ValidateCommand, NeedsRunsAndKnownNames) {
  EXPECT_EQ(validate({"--quantity", "speed"}).exit_code, 2);
  EXPECT_EQ(validate({"--plot", path("v.bmp")}).exit_code, 2);
  EXPECT_EQ(
      run_sextant({"validate", "--measured", path("none"), "--cluster", kCluster, "--job", kJob})
          .exit_code,
      3);
  EXPECT_THAT(run_sextant({"validate", "--measured", path("runs"), "--cluster", kCluster, "--job",
                           kJob, "--estimator", "oracle"})
                  .err,
              HasSubstr("no estimator \"oracle\""));
}

TEST_F(ValidateCommand, GathersRunsIntoASet) {
  const ProgramResult gathered =
      run_sextant({"measured", path("runs"), "-o", path("set"), "--json"});
  ASSERT_EQ(gathered.exit_code, 0) << gathered.err;
  EXPECT_EQ(SchemaCheck("measured_set").problems(gathered.out), "");
  EXPECT_EQ(read_file(path("set") + "/N2.json"), read_file(path("runs") + "/N2.json"));
  const ProgramResult again = run_sextant({"measured", path("runs"), "-o", path("set")});
  EXPECT_EQ(again.exit_code, 3);
  EXPECT_THAT(again.err, HasSubstr("expected a new or empty directory"));
  EXPECT_THAT(run_sextant({"measured", path("set")}).out, HasSubstr("N1"));
}

// With the published predictions beside, and sets in the summary.
TEST(ReproduceMeasured, IsDescribed) {
  const auto data = reference_data("sailor");
  SEXTANT_NEEDS(data);
  for (const char* figure : {"fig5a", "fig6"}) {
    const ProgramResult result =
        run_sextant({"reproduce", "sailor", figure, "--artifact", data, "--json"});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(SchemaCheck("reproduction").problems(result.out), "");
    EXPECT_THAT(result.out, HasSubstr("\"published\""));
  }
}

TEST(ReproduceMeasured, TakesAUsersOwnRuns) {
  const auto data = reference_data("sailor");
  SEXTANT_NEEDS(data);
  const TemporaryFolder folder;
  MeasuredRun run = run_of("mine/N1", 1, 2, 1e10);
  run.plan.global_batch = 32;
  // Two nodes of a site that the artifact has never heard of.
  run.plan.pipelines[0].stages[0].replicas.assign(2, {{{"GH-96", "alps", -1, 4}}, 4, 0});
  write(folder, run);
  const std::string runs = folder.path() / "runs";
  const std::vector<std::string> words = {"reproduce", "sailor", "fig5b",      "--artifact",
                                          data,        "--json", "--no-timing"};
  std::vector<std::string> mine = words;
  mine.insert(mine.end(), {"--measured", runs});
  const ProgramResult result = run_sextant(mine);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(SchemaCheck("reproduction").problems(result.out), "");
  EXPECT_THAT(result.out,
              AllOf(HasSubstr("mine/N1"), Not(HasSubstr("ae/")), Not(HasSubstr("published"))));
  EXPECT_EQ(run_sextant({"reproduce", "sailor", "fig7", "--artifact", data, "--measured", runs})
                .exit_code,
            2);
  run.plan.pipelines[0].stages[0].replicas[0].machines[0].gpu = "TPU";
  write(folder, run);
  const ProgramResult unknown = run_sextant(mine);
  EXPECT_EQ(unknown.exit_code, 3);
  EXPECT_THAT(unknown.err, HasSubstr("\"TPU\""));
}

}  // namespace
}  // namespace sextant::testing
