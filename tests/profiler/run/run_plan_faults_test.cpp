// Ranks that die, hang or are told to stop, and plans that are refused before any rank starts.

#include <arpa/inet.h>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <netinet/in.h>
#include <optional>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/files.h"
#include "ranks/rank_process.h"
#include "tests/profiler/run/run_plan_runs.h"

namespace sextant::testing {
namespace {

using ranks::RankProcess;
using ::testing::HasSubstr;
using ::testing::Not;

const Plan kTwoStages = plan_of({{{{0, 5}}}, {{{5, 9}}}});

/// The words of a run that does not end by itself.
std::vector<std::string> endless(const RunFolder& folder, const std::string& timeout) {
  return folder.command({"-n", "1000000", "--warm-up", "1", "--timeout", timeout});
}

std::unique_ptr<RankProcess> start(
    const std::vector<std::string>& command,
    const std::vector<std::pair<std::string, std::string>>& environment = {}) {
  return std::make_unique<RankProcess>(
      RankProcess::Setup{command.front(), {command.begin() + 1, command.end()}, environment});
}

template <typename Condition>
bool within_a_minute(const Condition& condition) {
  for (int i = 0; i < 3000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return false;
}

bool wait_for_end(RankProcess& process) {
  return within_a_minute([&] {
    process.receive();
    return process.ended();
  });
}

/// The process that `parent` started as rank `rank`.
std::optional<pid_t> find_rank(pid_t parent, int rank) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    try {
      const std::string status = read_file(entry.path() / "status");
      if (status.find(fmt::format("PPid:\t{}\n", parent)) == std::string::npos) continue;
      const std::string environment = read_file(entry.path() / "environ");
      if (environment.find(fmt::format("RANK={}", rank) + '\0') == 0) return std::stoi(name);
    } catch (const std::exception&) {
      // It has ended meanwhile.
    }
  }
  return std::nullopt;
}

class RunPlanFaults : public ::testing::Test {
 protected:
  RunPlanFaults() { folder_.add_plan("two", kTwoStages); }

  bool wait_for_document() const {
    return within_a_minute([&] { return std::filesystem::exists(folder_.document("two")); });
  }

  /// Runs until something is measured, sends `signal` to rank `rank`, and waits for the end.
  void disturb(int rank, int signal, const std::string& timeout = "60") {
    process_ = start(endless(folder_, timeout));
    ASSERT_TRUE(wait_for_document()) << process_->last_words();
    const auto victim = find_rank(process_->id(), rank);
    ASSERT_TRUE(victim);
    ::kill(*victim, signal);
    ASSERT_TRUE(wait_for_end(*process_));
    EXPECT_EQ(process_->exit_code(), 5);
    said_ = process_->last_words();
  }

  std::string why_incomplete() const {
    const MeasuredRun run = folder_.measured("two");
    EXPECT_GE(run.iteration.samples, 1);
    return run.incomplete;
  }

  RunFolder folder_;
  std::unique_ptr<RankProcess> process_;
  std::string said_;
};

TEST_F(RunPlanFaults, ADeadRankIsNamedAndWhatWasMeasuredKept) {
  disturb(1, SIGKILL);
  EXPECT_THAT(said_, HasSubstr("rank 1 (stage 1) on "));
  EXPECT_THAT(said_, HasSubstr("was killed by signal 9"));
  EXPECT_THAT(why_incomplete(), HasSubstr("rank 1 (stage 1)"));
}

TEST_F(RunPlanFaults, SoIsRankZero) {
  disturb(0, SIGKILL);
  EXPECT_THAT(said_, HasSubstr("rank 0 (stage 0) on "));
  EXPECT_THAT(said_, HasSubstr("was killed by signal 9"));
  EXPECT_THAT(why_incomplete(), HasSubstr("rank 0 ended while the run went on"));
}

TEST_F(RunPlanFaults, AHangingRankIsNamed) {
  // As long as it takes to start, at the least, on a machine that has other things to do.
  disturb(1, SIGSTOP, "6");
  EXPECT_THAT(said_, HasSubstr("rank 1 on "));
  EXPECT_THAT(said_, HasSubstr("is gone or stopped, last seen in iteration "));
  EXPECT_THAT(said_, HasSubstr("as stage 1"));
  EXPECT_THAT(why_incomplete(), HasSubstr("rank 1 on "));
}

TEST_F(RunPlanFaults, AnInterruptKeepsWhatIsMeasured) {
  process_ = start(endless(folder_, "60"));
  ASSERT_TRUE(wait_for_document()) << process_->last_words();
  process_->signal_with(SIGINT);
  ASSERT_TRUE(wait_for_end(*process_));
  EXPECT_EQ(process_->exit_code(), 5);
  EXPECT_THAT(why_incomplete(), HasSubstr("interrupted"));
}

/// A port that was free a moment ago.
int free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* const raw = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(::bind(socket, raw, length), 0);
  EXPECT_EQ(::getsockname(socket, raw, &length), 0);
  ::close(socket);
  return ntohs(address.sin_port);
}

class RunPlanLaunched : public RunPlanFaults {
 protected:
  std::unique_ptr<RankProcess> start_rank(int rank, int size,
                                          const std::vector<std::string>& more) {
    return start(folder_.command(more), {{"RANK", std::to_string(rank)},
                                         {"LOCAL_RANK", std::to_string(rank)},
                                         {"WORLD_SIZE", std::to_string(size)},
                                         {"MASTER_ADDR", "127.0.0.1"},
                                         {"MASTER_PORT", std::to_string(port_)}});
  }
  int port_ = free_port();
};

TEST_F(RunPlanLaunched, RanksOfALauncherMeet) {
  const auto first = start_rank(0, 2, {"-n", "2"});
  const auto second = start_rank(1, 2, {"-n", "2"});
  ASSERT_TRUE(wait_for_end(*first));
  ASSERT_TRUE(wait_for_end(*second));
  EXPECT_TRUE(first->succeeded()) << first->last_words();
  EXPECT_TRUE(second->succeeded()) << second->last_words();
  EXPECT_EQ(folder_.measured("two").ranks.size(), 2U);
}

TEST_F(RunPlanLaunched, WhoDoesNotComeIsNamed) {
  const auto first = start_rank(0, 2, {"--timeout", "1.5"});
  ASSERT_TRUE(wait_for_end(*first));
  EXPECT_EQ(first->exit_code(), 3);
  EXPECT_THAT(first->last_words(), HasSubstr("rank 1 of 2 did not come"));
  EXPECT_FALSE(std::filesystem::exists(folder_.document("two")));
}

TEST_F(RunPlanLaunched, AnotherNumberOfRanksIsRefused) {
  const auto first = start_rank(0, 3, {});
  ASSERT_TRUE(wait_for_end(*first));
  EXPECT_EQ(first->exit_code(), 2);
  EXPECT_THAT(first->last_words(), HasSubstr("has 2 ranks, the launcher started 3"));
}

TEST_F(RunPlanFaults, RefusalsComeBeforeAnyRank) {
  Plan plan = kTwoStages;
  plan.zero_stage = 1;
  folder_.add_plan("sharded", plan);
  ProgramResult result = folder_.run({});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr("sharded.json: plan: zero_stage 1"));
  RunFolder other;
  plan = kTwoStages;
  plan.model = "OPT-350M";
  other.add_plan("foreign", plan);
  result = other.run({});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr("is for the model \"OPT-350M\""));
  EXPECT_FALSE(std::filesystem::exists(other.file("out")));
}

TEST_F(RunPlanFaults, AGpuThatIsNotThereIsRefused) {
  std::vector<std::string> words = folder_.command({});
  words[2] = "cuda";
  ProgramOptions options;
  options.environment = {{"CUDA_VISIBLE_DEVICES", ""}};
  const ProgramResult result = run_program(words, options);
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr("no GPU"));
}

}  // namespace
}  // namespace sextant::testing
