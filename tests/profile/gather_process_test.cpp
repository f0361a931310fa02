// gather_profs as a process: killed at any moment, many at once, on disks that take nothing.

#include <csignal>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/files.h"
#include "analyzer/core/random.h"
#include "analyzer/profile/profile_db.h"
#include "tests/cli/run_program.h"
#include "tests/profile/toy_points.h"
#include "tests/support/project_paths.h"
#include "tests/support/temporary_folder.h"

namespace sextant {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

const std::string kProgram = sextant::build_path("bin/gather_profs");

/// Starts gather_profs with its output thrown away.
pid_t start(const std::vector<std::string>& arguments) {
  std::vector<std::string> words = {kProgram};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    const int null = ::open("/dev/null", O_RDWR);
    ::dup2(null, STDOUT_FILENO);
    ::dup2(null, STDERR_FILENO);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  return child;
}

int wait_for(pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// Plausible at every microbatch that is used here.
PointDocument quick_point(int tp, int microbatch) {
  return toy_point(tp, microbatch, 0.001);
}

class GatherProcess : public ::testing::Test {
 protected:
  fs::path points(const std::string& name) const { return folder_.path() / name; }
  fs::path db() const { return folder_.path() / "db"; }
  fs::path database_file() const { return database_path(db(), "toy", "A100-40"); }
  void put(const std::string& name, const PointDocument& point) const {
    write_text(points(name) / point_file_name(point.key), point_document_text(point));
  }
  std::vector<std::string> arguments(const std::string& name) const {
    return {"--model-name",        "toy",  "--gpu-type", "A100-40", "--profile-dir",
            points(name).string(), "--db", db().string()};
  }
  testing::ProgramResult gather(const std::string& name,
                                const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words = {kProgram};
    for (const auto& list : {arguments(name), more}) {
      words.insert(words.end(), list.begin(), list.end());
    }
    return testing::run_program(words);
  }

  TemporaryFolder folder_;
};

TEST_F(GatherProcess, KilledAtAnyMomentLeavesTheOldOrTheNewDatabase) {
  put("old", quick_point(1, 1));
  for (int microbatch = 2; microbatch <= 40; ++microbatch) put("new", quick_point(1, microbatch));
  ASSERT_EQ(gather("old").exit_code, 0);
  const std::string before = read_file(database_file());
  // What it should be, and how long that takes.
  const auto begin = std::chrono::steady_clock::now();
  ASSERT_EQ(gather("new").exit_code, 0);
  const auto whole = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - begin);
  const std::string after = read_file(database_file());

  Random random(5);
  int left_old = 0;
  int left_new = 0;
  constexpr int kRepetitions = 150;
  for (int i = 0; i < kRepetitions; ++i) {
    write_file_atomically(database_file(), before);
    const pid_t child = start(arguments("new"));
    ::usleep(static_cast<useconds_t>(
        random.below(static_cast<std::uint64_t>(whole.count()) * 5 / 4 + 1)));
    ::kill(child, SIGKILL);
    wait_for(child);
    const std::string found = read_file(database_file());
    ASSERT_TRUE(found == before || found == after) << found.size();
    (found == before ? left_old : left_new) += 1;
  }
  EXPECT_GT(left_old, 0);
  // The next run completes it, and clears what the killed ones left.
  ASSERT_EQ(gather("new").exit_code, 0);
  EXPECT_EQ(read_file(database_file()), after);
  for (const auto& entry : fs::directory_iterator(database_file().parent_path())) {
    EXPECT_FALSE(entry.path().filename().string().starts_with(".sextant-")) << entry.path();
  }
}

TEST_F(GatherProcess, EightAtOnceLoseNothing) {
  constexpr int kWriters = 8;
  constexpr int kPointsEach = 6;
  for (int round = 0; round < 3; ++round) {
    fs::remove_all(db());
    for (int w = 0; w < kWriters; ++w) {
      for (int p = 0; p < kPointsEach; ++p) {
        put("writer" + std::to_string(w), quick_point(w + 1, p + 1));
      }
    }
    std::vector<pid_t> children;
    for (int w = 0; w < kWriters; ++w) {
      children.push_back(start(arguments("writer" + std::to_string(w))));
    }
    for (const pid_t child : children) EXPECT_EQ(wait_for(child), 0);
    EXPECT_EQ(read_database(database_file()).points.size(),
              static_cast<std::size_t>(kWriters * kPointsEach));
  }
}

TEST_F(GatherProcess, ExitCodesSayWhatHappened) {
  put("good", quick_point(1, 1));
  put("good", failed_point(1, 2, PointStatus::kOutOfMemory));
  testing::ProgramResult result = gather("good");
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, AllOf(HasSubstr("Points without times"), HasSubstr("oom")));

  put("partial", quick_point(2, 1));
  write_text(points("partial") / "profile_toy_A100-40_2_2.json", "{\"schema\"");
  result = gather("partial", {"--json"});
  EXPECT_EQ(result.exit_code, 5);
  const auto json = nlohmann::json::parse(result.out);
  EXPECT_EQ(json.at("refused").size(), 1U);
  EXPECT_EQ(json.at("points").size(), 1U);

  put("conflict", toy_point(1, 1, 0.002));
  EXPECT_EQ(gather("conflict").exit_code, 3);
  EXPECT_EQ(gather("conflict", {"--merge=median"}).exit_code, 0);
  EXPECT_EQ(gather("conflict", {"--merge=latest"}).exit_code, 2);
  EXPECT_EQ(gather("absent").exit_code, 3);
  EXPECT_EQ(testing::run_program({kProgram, "--model-name", "x"}).exit_code, 2);
}

TEST_F(GatherProcess, WritesTheArtifactsLayout) {
  put("good", quick_point(1, 1));
  const fs::path parent = folder_.path() / "parent";
  fs::create_directories(parent / "sailor/sailor/Planner");
  const auto result = gather("good", {"--sailor-parent-dir", parent.string()});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  for (const char* file : {"llm_info.json", "simulations/profiles_tmp.json",
                           "sailor_planner/profiles/toy/A100-40/profile.json"}) {
    EXPECT_TRUE(fs::exists(parent / "sailor/sailor/Planner" / file)) << file;
  }
}

TEST_F(GatherProcess, SaysThatItCannotWrite) {
  put("good", quick_point(1, 1));
  // Below a file, and where the kernel lets nobody write.
  write_text(folder_.path() / "file", "x");
  for (const std::string& place :
       {(folder_.path() / "file" / "db").string(), std::string("/proc/self/db")}) {
    std::vector<std::string> words = {kProgram};
    for (const std::string& word : arguments("good")) words.push_back(word);
    words.back() = place;
    const auto result = testing::run_program(words);
    EXPECT_EQ(result.exit_code, 3);
    EXPECT_THAT(result.err, AllOf(HasSubstr("gather_profs: error: "), HasSubstr(place)));
  }
}

TEST_F(GatherProcess, SurvivesAFullDisk) {
  put("old", quick_point(1, 1));
  for (int microbatch = 2; microbatch <= 20; ++microbatch) put("new", quick_point(1, microbatch));
  ASSERT_EQ(gather("old").exit_code, 0);
  const std::string before = read_file(database_file());
  rlimit old{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old), 0);
  const rlimit small{16384, old.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto result = gather("new");
  ::setrlimit(RLIMIT_FSIZE, &old);
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr("profile.json: cannot be written"));
  EXPECT_EQ(read_file(database_file()), before);
  for (const auto& entry : fs::directory_iterator(database_file().parent_path())) {
    EXPECT_FALSE(entry.path().filename().string().starts_with(".sextant-"));
  }
}

TEST_F(GatherProcess, SameBytesInEveryLocale) {
  put("good", quick_point(1, 1));
  put("good", quick_point(2, 2));
  ASSERT_EQ(gather("good").exit_code, 0);
  const auto in_locale = [&](const std::string& locale) {
    std::vector<std::string> words = {kProgram};
    for (const std::string& word : arguments("good")) words.push_back(word);
    return testing::run_program(words, {{{"LC_ALL", locale}}, std::chrono::seconds(60)}).out;
  };
  EXPECT_EQ(in_locale("C"), in_locale("de_DE.UTF-8"));
  EXPECT_THAT(in_locale("C"), HasSubstr("unchanged"));
}

}  // namespace
}  // namespace sextant
