#include "launch/emit/training/job_readme.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/run_program.h"
#include "tests/launch/emit/training/launch_jobs.h"
#include "tests/support/temporary_folder.h"

namespace sextant {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using namespace testing;

std::string readme_of(const LaunchJob& job) {
  JobFolder folder;
  folder.files["plan.json"] = "{}";
  folder.notes = {"a note with <script> in it"};
  put_readme(job, launch_target_named("torchrun"),
             {"Start it.\n", "Compare it.\n", {{"x.sh", "an x"}}}, folder);
  return folder.files.at("README.md");
}

TEST(JobReadme, EveryFigureHasItsEvidence) {
  LaunchJob job = launch_job(mixed_plan());
  job.prediction->evidence = Evidence::kMeasuredCpu;
  EXPECT_THAT(readme_of(job),
              AllOf(HasSubstr("iteration                  250 ms               measured-cpu\n"),
                    HasSubstr("memory of the fullest GPU  3.00 GiB             measured-cpu\n"),
                    HasSubstr("By estimator sextant"),
                    HasSubstr("4-5    0-1   stage 1 (layers 2-8)"), HasSubstr("- `x.sh`: an x\n"),
                    HasSubstr("- `plan.json`: the plan"), Not(HasSubstr("job.json"))));
  job.prediction.reset();
  EXPECT_THAT(readme_of(job), HasSubstr("made without a prediction"));
}

TEST(JobReadme, NamesAndNotesStandInFences) {
  LaunchJob job = launch_job(uniform_plan());
  job.plan.model = "<script>```";
  for (LaunchNode& node : job.nodes) node.zone = "```";
  const std::string text = readme_of(job);
  bool fenced = false;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = text.find('\n', at);
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    if (line.starts_with("```")) {
      fenced = line == "```text";
    } else if (line.find("<script>") != std::string::npos ||
               line.find("```") != std::string::npos) {
      EXPECT_TRUE(fenced) << line;
    }
  }
  EXPECT_FALSE(fenced);
}

class ComparedLogs : public ::testing::Test {
 protected:
  ProgramResult compare(const std::vector<std::string>& logs) {
    const LoggedTime time = {"elapsed time per iteration \\(ms\\): ([0-9.]+)", 1e-3, 1};
    std::vector<std::string> words = {"bash",
                                      folder_.write("compare.sh", compare_log_script(job_, time))};
    int number = 0;
    for (const std::string& log : logs) {
      words.push_back(folder_.write("-e log " + std::to_string(number++), log));
    }
    return run_program(words);
  }
  TemporaryFolder folder_;
  LaunchJob job_ = launch_job(uniform_plan());
};

TEST_F(ComparedLogs, TheMedianStandsBesideThePrediction) {
  const std::string line = "iteration 3/ 20 | elapsed time per iteration (ms): ";
  const ProgramResult result =
      compare({line + "9000.0 | x\n" + line + "210.0 | x\nother\n" + line + "190.0\n",
               line + "1\n" + line + "200\n"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out,
            "measured   0.2 s an iteration, median of 3\n"
            "predicted  0.25 s (estimator sextant, evidence estimated)\n"
            "error      +25.0 %, (predicted - measured) / measured\n");
  job_.prediction.reset();
  EXPECT_THAT(compare({line + "1\n" + line + "200\n"}).out, HasSubstr("predicted  nothing\n"));
}

TEST_F(ComparedLogs, ALogWithoutTimesIsNoAnswer) {
  const ProgramResult result = compare({"nothing of the kind\n"});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr("no log has the time of an iteration"));
  EXPECT_EQ(compare({}).exit_code, 2);
}

}  // namespace
}  // namespace sextant
