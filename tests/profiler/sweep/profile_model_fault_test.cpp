// profile_model when things go wrong around it: dead and silent ranks, signals, disks.
#include <sys/resource.h>

#include "analyzer/profile/serving_profile.h"
#include "tests/profiler/sweep/sweep_fixture.h"

namespace sextant::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ProfileModelFault : public SweepFixture {
 protected:
  /// Every point has a document, and only the named one failed, for the given reason.
  void expect_one_failure(const ProgramResult& result, int tp, int microbatch, PointStatus status,
                          const std::string& reason) const {
    EXPECT_EQ(result.exit_code, 5) << result.err;
    for (const int other_tp : {1, 2}) {
      for (const int other : {1, 2, 4}) {
        const PointDocument document = point(other_tp, other);
        if (other_tp == tp && other == microbatch) {
          EXPECT_EQ(document.status, status);
          EXPECT_THAT(document.reason, HasSubstr(reason));
        } else {
          EXPECT_EQ(document.status, PointStatus::kOk) << document.key.text();
        }
      }
    }
    EXPECT_THAT(result.out, HasSubstr(reason));
    EXPECT_THAT(result.err, HasSubstr("1 of 6 points failed; the same command with --resume"));
    EXPECT_THAT(leftovers(), IsEmpty());
  }

  const std::vector<std::string> grid_ = {"--tp", "1,2", "--mbs", "1,2,4"};
};

int exit_code_of(pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

TEST_F(ProfileModelFault, ARankThatIsKilledFailsItsPointOnly) {
  expect_one_failure(sweep(grid_, "signal:2:2:1:9"), 2, 2, PointStatus::kError,
                     "rank 1 of 2 was killed by signal 9 (Killed); last words: \"something "
                     "terrible happened\"");
}

TEST_F(ProfileModelFault, ARankThatEndsFailsItsPointOnly) {
  expect_one_failure(sweep(grid_, "exit:1:2:7"), 1, 2, PointStatus::kError,
                     "rank 0 of 1 ended with exit code 7; last words: ");
  EXPECT_THAT(point(1, 2).reason, HasSubstr("first this / then that"));
}

TEST_F(ProfileModelFault, ARankThatReportsAnErrorIsReplacedForTheNextPoint) {
  expect_one_failure(sweep(grid_, "error:2:1"), 2, 1, PointStatus::kError,
                     "an illegal instruction was met");
}

TEST_F(ProfileModelFault, FailedServingPointsHaveADocumentToo) {
  const std::vector<std::string> words = {"--mode", "serve", "--tp", "1,2"};
  ASSERT_EQ(sweep(words, "exit:2:1:9").exit_code, 5);
  const ServingDocument document =
      read_serving_document(JsonDocument::read(out() / "fp32/serving_profile_tiny_CPU_2.json"));
  EXPECT_EQ(document.status, PointStatus::kError);
  EXPECT_THAT(document.reason, HasSubstr("exit code 9"));
  std::vector<std::string> again = words;
  again.emplace_back("--resume");
  const ProgramResult result = sweep(again);
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.err, HasSubstr("1 of 2 points are there already"));
}

TEST_F(ProfileModelFault, ARankThatQuitsWithoutAResultFailsItsPointOnly) {
  expect_one_failure(sweep(grid_, "quit:1:4"), 1, 4, PointStatus::kError,
                     "the ranks ended without a result");
}

TEST_F(ProfileModelFault, ARankThatHangsRunsIntoItsTimeout) {
  std::vector<std::string> words = grid_;
  words.insert(words.end(), {"--point-timeout", "0.5"});
  expect_one_failure(sweep(words, "hang:2:1"), 2, 1, PointStatus::kTimeout,
                     "no result within 500 ms (--point-timeout)");
}

TEST_F(ProfileModelFault, WhatIsNoReportOrNoDocumentFailsItsPointOnly) {
  expect_one_failure(sweep(grid_, "garbage:1:1"), 1, 1, PointStatus::kError,
                     "rank 0 said what is no report");
  std::filesystem::remove_all(out());
  expect_one_failure(sweep(grid_, "other:1:2"), 1, 2, PointStatus::kError, "asked for was");
  std::filesystem::remove_all(out());
  expect_one_failure(sweep(grid_, "broken:2:4"), 2, 4, PointStatus::kError,
                     "result of fp32, tp 2, microbatch 4");
}

TEST_F(ProfileModelFault, RanksThatCannotStartFailTheirGroupAfterASecondTry) {
  const ProgramResult result = sweep(grid_, "start:3");
  EXPECT_EQ(result.exit_code, 5);
  EXPECT_THAT(log(), ElementsAre("start 1", "start 1", "start 2", "start 2"));
  EXPECT_THAT(point(2, 4).reason, HasSubstr("ended with exit code 3; last words: \"no device\""));
}

TEST_F(ProfileModelFault, InterruptKeepsWhatIsDoneAndLeavesNoRank) {
  for (const int repetitions : {1, 5}) {
    std::filesystem::remove_all(out());
    clear_log();
    const pid_t child = start({"--tp", "2", "--mbs", "1,2,4"}, "hang:2:4");
    ASSERT_TRUE(wait_for("2 4"));
    for (int i = 0; i < repetitions; ++i) ::kill(child, i % 2 == 0 ? SIGINT : SIGTERM);
    EXPECT_EQ(exit_code_of(child), 5);
    EXPECT_THAT(text_of("err"), HasSubstr("interrupted: 2 of 3 points are done and kept; the same "
                                          "command with --resume does the rest"));
    EXPECT_THAT(text_of("out"), HasSubstr("pending"));
    EXPECT_TRUE(is_there(2, 2));
    EXPECT_FALSE(is_there(2, 4));
    EXPECT_THAT(leftovers(), IsEmpty());
    EXPECT_EQ(processes(), 0);
    EXPECT_EQ(sweep({"--tp", "2", "--mbs", "1,2,4", "--resume"}).exit_code, 0);
  }
}

TEST_F(ProfileModelFault, InterruptDuringTheSearchForTheLargestKeepsTheDocuments) {
  const pid_t child = start({"--tp", "1", "--mbs", "8,64"}, "oom:1:60 hang:1:36");
  ASSERT_TRUE(wait_for("1 36"));
  ::kill(child, SIGINT);
  EXPECT_EQ(exit_code_of(child), 5);
  EXPECT_EQ(point(1, 64).status, PointStatus::kOutOfMemory);
  const ProgramResult result = sweep({"--tp", "1", "--mbs", "8,64", "--resume"}, "oom:1:60");
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, HasSubstr("the largest microbatch that fits is 59"));
}

TEST_F(ProfileModelFault, RanksDieWithTheirParent) {
  const pid_t child = start({"--tp", "2", "--mbs", "1"}, "hang:2:1");
  ASSERT_TRUE(wait_for("2 1"));
  const auto comes_to = [&](int count) {  // a rank may not have begun, or not have ended yet
    for (int i = 0; i < 500 && processes() != count; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return processes() == count;
  };
  EXPECT_TRUE(comes_to(3));
  ::kill(child, SIGKILL);
  exit_code_of(child);
  EXPECT_TRUE(comes_to(0));
  EXPECT_FALSE(is_there(2, 1));
}

// Below a file, and where the kernel lets nobody write, root included.
TEST_F(ProfileModelFault, SaysBeforeMeasuringThatItCannotWrite) {
  folder_.write("file", "x");
  const std::string below_a_file = folder_.path() / "file" / "points";
  for (const auto& [place, message] : {std::pair{below_a_file, "cannot be made"},
                                       {"/proc/self/points", "cannot be made"},
                                       {"/proc/self", "cannot be written"}}) {
    std::vector<std::string> words = command({});
    *(std::find(words.begin(), words.end(), "--out") + 1) = place;
    const ProgramResult result = run_program(words);
    EXPECT_EQ(result.exit_code, 3);
    EXPECT_THAT(result.err, AllOf(HasSubstr("--out " + place), HasSubstr(message)));
  }
  EXPECT_THAT(log(), IsEmpty());
}

TEST_F(ProfileModelFault, AFullDiskEndsTheSweepWithWholeDocumentsOnly) {
  rlimit old{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old), 0);
  const rlimit small{100'000, old.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const ProgramResult result = sweep(grid_, "fat:200000");
  ::setrlimit(RLIMIT_FSIZE, &old);
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr(file(1, 1).string() + ": cannot be written"));
  EXPECT_FALSE(is_there(1, 1));
  EXPECT_THAT(leftovers(), IsEmpty());
}

}  // namespace
}  // namespace sextant::testing
