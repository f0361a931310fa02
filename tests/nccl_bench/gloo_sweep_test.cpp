// Real ranks over the loopback: sweeps that are verified, and everything that can go wrong between
// processes.

#include <arpa/inet.h>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/files.h"
#include "analyzer/network/bandwidth_document.h"
#include "tests/cli/run_program.h"
#include "tests/support/schema_check.h"
#include "tests/support/temporary_folder.h"

namespace sextant {
namespace {

using sextant::testing::built_program;
using sextant::testing::ProgramResult;
using sextant::testing::run_program;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Words = std::vector<std::string>;

Words operator+(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

const Words kShort = {"--time-limit", "0.1", "--min-samples", "3", "--warmup", "1"};

/// A port that was free a moment ago, and the socket that holds it until it is destroyed.
class Port {
 public:
  Port() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_ANY);
    socklen_t length = sizeof address;
    if (::bind(socket_, reinterpret_cast<sockaddr*>(&address), length) != 0 ||
        ::listen(socket_, 1) != 0 ||
        ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
      throw std::runtime_error("no port");
    }
    number_ = ntohs(address.sin_port);
  }
  ~Port() { release(); }
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;
  void release() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }
  int number() const { return number_; }

 private:
  int socket_;
  int number_ = 0;
};

/// A rank in the background, whose output goes to files.
class RankProcess {
 public:
  RankProcess(const Words& words, std::filesystem::path output) : output_(std::move(output)) {
    Words all = Words{built_program("nccl_bench"), "--backend", "gloo"} + words;
    std::vector<char*> argv;
    for (std::string& word : all) argv.push_back(word.data());
    argv.push_back(nullptr);
    process_ = ::fork();
    if (process_ != 0) return;
    const int file = ::open(output_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ::dup2(file, STDOUT_FILENO);
    ::dup2(file, STDERR_FILENO);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  ~RankProcess() {
    if (process_ <= 0) return;
    send(SIGKILL);
    wait();
  }
  RankProcess(const RankProcess&) = delete;
  RankProcess& operator=(const RankProcess&) = delete;

  void send(int signal) const { ::kill(process_, signal); }
  /// The exit code, 128 + the signal's number where one ended it.
  int wait() {
    int status = 0;
    ::waitpid(process_, &status, 0);
    process_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  std::string said() const { return read_file(output_); }

 private:
  pid_t process_ = -1;
  std::filesystem::path output_;
};

class GlooBench : public ::testing::Test {
 protected:
  ProgramResult bench(const Words& words) const {
    return run_program(Words{built_program("nccl_bench"), "--backend", "gloo"} + words);
  }

  std::string file(const std::string& name) const { return (folder_.path() / name).string(); }

  /// Starts rank `rank` of `world` processes with one rank each.
  std::unique_ptr<RankProcess> start(int rank, int world, const Words& words) {
    port_.release();
    return std::make_unique<RankProcess>(
        Words{"--rendezvous", fmt::format("127.0.0.1:{}", port_.number()), "--world-size",
              std::to_string(world), "--first-rank", std::to_string(rank), "--local-ranks", "1"} +
            words,
        folder_.path() / fmt::format("rank{}.txt", rank));
  }

  /// Until the file shows a measured size; false where that takes too long.
  bool wait_for_a_size(const std::string& output) const {
    for (int i = 0; i < 600; ++i) {
      if (std::filesystem::exists(output)) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return false;
  }

  TemporaryFolder folder_;
  Port port_;
};

/// Every value right, times and bandwidths there, every size of every sweep.
void expect_verified(const BandwidthDocument& document, std::size_t sweeps, std::size_t sizes) {
  EXPECT_TRUE(document.complete);
  EXPECT_THAT(document.problems, IsEmpty());
  EXPECT_EQ(document.evidence, Evidence::kMeasuredCpu);
  EXPECT_EQ(document.backend, "gloo");
  ASSERT_EQ(document.sweeps.size(), sweeps);
  for (const Sweep& sweep : document.sweeps) {
    SCOPED_TRACE(sweep.text());
    EXPECT_EQ(sweep.points.size(), sizes);
    EXPECT_THAT(sweep.failures, IsEmpty());
    EXPECT_EQ(sweep.level, LinkLevel::kInsideNode);
    for (const BandwidthPoint& point : sweep.points) {
      EXPECT_EQ(point.wrong, 0);
      EXPECT_GE(point.time.samples, 1);
    }
  }
}

class GlooWorlds : public GlooBench, public ::testing::WithParamInterface<int> {};

TEST_P(GlooWorlds, SweepEveryOperationInOneProcess) {
  const ProgramResult result =
      bench(kShort + Words{"--local-ranks", std::to_string(GetParam()), "--op", "all", "--bytes",
                           "4,1000,1MiB", "--placement", "both", "-o", file("out.json"), "--csv",
                           file("out.csv")});
  ASSERT_EQ(result.exit_code, 0) << result.err << result.out;
  const std::string text = read_file(file("out.json"));
  EXPECT_THAT(sextant::testing::SchemaCheck("bandwidth").problems(text), IsEmpty());
  const BandwidthDocument document = read_bandwidth_document(file("out.json"));
  // all_gather and reduce_scatter in and out of place; 4 bytes are one block where shares are.
  expect_verified(document, 9, 3);
  EXPECT_EQ(document.ranks.size(), static_cast<std::size_t>(GetParam()));
  EXPECT_EQ(document.ranks[0].details.at("interface"), "lo");
  EXPECT_EQ(document.sweeps[0].transport, "tcp on lo");
  EXPECT_THAT(document.provenance, ::testing::Contains(::testing::Key("libtorch")));
  EXPECT_THAT(read_file(file("out.csv")), HasSubstr("all_to_all,world"));
}

TEST_P(GlooWorlds, SweepBetweenProcesses) {
  std::vector<std::unique_ptr<RankProcess>> ranks;
  for (int rank = 0; rank < GetParam(); ++rank) {
    ranks.push_back(
        start(rank, GetParam(),
              kShort + Words{"--op", "send_recv,all_reduce", "--pattern", "ring", "--bytes",
                             "1KiB,256KiB", "--dtype", "fp32,bf16,int8", "-o", file("out.json")}));
  }
  for (const auto& rank : ranks) EXPECT_EQ(rank->wait(), 0) << rank->said();
  expect_verified(read_bandwidth_document(file("out.json")), 6, 2);
}

INSTANTIATE_TEST_SUITE_P(Sizes, GlooWorlds, ::testing::Values(2, 4));

TEST_F(GlooBench, TypesPatternsAndGroupsAreVerified) {
  const ProgramResult result =
      bench(Words{"--warmup", "1", "--min-samples", "3", "--local-ranks", "4", "--op",
                  "send_recv,all_reduce,reduce_scatter", "--pattern", "matrix", "--dtype",
                  "int8,int32,fp16,bf16,fp32,fp64", "--group-sizes", "2,3", "--bytes", "4KiB",
                  "--time-limit", "0.01", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err << result.out;
  const JsonDocument json = JsonDocument::parse(result.out, "stdout");
  // 12 pairs, and 2 collectives of 2 groups, in 6 types.
  expect_verified(bandwidth_document_from(json.root_of_kind("bandwidth", 1)), (12 + 4) * 6, 1);
}

TEST_F(GlooBench, SizesOutOfOrderAndTwiceAreSorted) {
  const ProgramResult result = bench(kShort + Words{"--bytes", "4KiB,1KiB,4096", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("ascending order"));
  EXPECT_THAT(result.err, HasSubstr("given twice"));
  const JsonDocument json = JsonDocument::parse(result.out, "stdout");
  EXPECT_EQ(json.root().at("sweeps").at(0).at("points").size(), 2U);
}

TEST_F(GlooBench, MeasuresAnOverlap) {
  const ProgramResult result = bench(
      kShort + Words{"--op", "all_reduce", "--bytes", "1MiB", "--overlap", "-o", file("out.json")});
  ASSERT_EQ(result.exit_code, 0) << result.err << result.out;
  const BandwidthDocument document = read_bandwidth_document(file("out.json"));
  ASSERT_EQ(document.overlaps.size(), 1U);
  const OverlapMeasurement& overlap = document.overlaps[0];
  EXPECT_EQ(overlap.bytes, 1 << 20);
  EXPECT_EQ(overlap.world_size, 2);
  EXPECT_EQ(overlap.matrix_size % 64, 0);
  EXPECT_GT(overlap.coefficient(), 0.1);
  EXPECT_THAT(result.out, HasSubstr("overlap of"));
}

TEST_F(GlooBench, InjectedErrorsAreCaught) {
  for (const char* op :
       {"send_recv", "all_reduce", "all_gather", "reduce_scatter", "all_to_all", "broadcast"}) {
    const ProgramResult result =
        bench(kShort +
              Words{"--op", op, "--bytes", "1KiB", "--inject-error", "1", "-o", file("out.json")});
    EXPECT_EQ(result.exit_code, 5) << op << result.err;
    const BandwidthDocument document = read_bandwidth_document(file("out.json"));
    // One element before and one after timing.
    EXPECT_EQ(document.sweeps.at(0).points.at(0).wrong, 2) << op;
    EXPECT_THAT(document.problems, ElementsAre(HasSubstr("2 wrong values")));
  }
}

TEST_F(GlooBench, ASizeWithoutMemoryFailsAndOthersDoNot) {
  const ProgramResult result =
      bench(kShort + Words{"--bytes", "1KiB,100TiB", "-o", file("out.json")});
  EXPECT_EQ(result.exit_code, 5) << result.err;
  const BandwidthDocument document = read_bandwidth_document(file("out.json"));
  EXPECT_EQ(document.sweeps.at(0).points.size(), 1U);
  ASSERT_EQ(document.sweeps[0].failures.size(), 1U);
  EXPECT_THAT(document.sweeps[0].failures[0].reason, HasSubstr("does not fit"));
}

TEST_F(GlooBench, RanksThatNeverComeAreNamed) {
  const auto rank = start(0, 4, {"--timeout", "2", "--bytes", "1KiB", "-o", file("out.json")});
  const auto other = start(2, 4, {"--timeout", "2", "--bytes", "1KiB"});
  EXPECT_EQ(rank->wait(), 3);
  EXPECT_EQ(other->wait(), 3);
  EXPECT_THAT(rank->said(), HasSubstr("ranks 1 and 3 of 4 did not come within 2 s"));
  EXPECT_THAT(other->said(), HasSubstr("did not come"));
  EXPECT_FALSE(std::filesystem::exists(file("out.json")));
}

TEST_F(GlooBench, RankZeroThatNeverComesIsNamed) {
  const auto rank = start(1, 2, {"--timeout", "1", "--bytes", "1KiB"});
  EXPECT_EQ(rank->wait(), 3);
  EXPECT_THAT(rank->said(), HasSubstr("rank 0 did not come"));
  EXPECT_THAT(rank->said(), HasSubstr(std::to_string(port_.number())));
}

TEST_F(GlooBench, APortInUseIsNamed) {
  const ProgramResult result =
      bench({"--rendezvous", fmt::format("127.0.0.1:{}", port_.number()), "--world-size", "2",
             "--local-ranks", "1", "--bytes", "1KiB", "--timeout", "5"});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr(fmt::format("port {}: the port is in use", port_.number())));
}

TEST_F(GlooBench, DifferentPlansAreRefusedWithBothValues) {
  const auto first = start(0, 2, {"--timeout", "20", "--bytes", "1KiB"});
  const auto second = start(1, 2, {"--timeout", "20", "--bytes", "2KiB"});
  for (const auto& rank : {first.get(), second.get()}) {
    EXPECT_EQ(rank->wait(), 3);
    EXPECT_THAT(rank->said(), HasSubstr("ranks differ in sizes: rank 0"));
    EXPECT_THAT(rank->said(), HasSubstr("\"1024\""));
    EXPECT_THAT(rank->said(), HasSubstr("\"2048\""));
  }
}

TEST_F(GlooBench, TheSameRankTwiceIsRefused) {
  const auto first = start(0, 3, {"--timeout", "20", "--bytes", "1KiB"});
  const auto second = start(1, 3, {"--timeout", "20", "--bytes", "1KiB"});
  const auto third = start(1, 3, {"--timeout", "20", "--bytes", "1KiB"});
  for (const auto& rank : {first.get(), second.get(), third.get()}) {
    EXPECT_EQ(rank->wait(), 3);
    EXPECT_THAT(rank->said(), HasSubstr("rank 1 came twice"));
  }
}

/// Sizes for minutes, so that something can happen meanwhile.
const Words kLong = {"--op",          "all_reduce", "--min-bytes", "1KiB", "--max-bytes",  "256MiB",
                     "--min-samples", "100000",     "--max-noise", "1e-6", "--time-limit", "1",
                     "--timeout",     "3"};

TEST_F(GlooBench, AKilledRankLeavesWhatIsFinished) {
  std::vector<std::unique_ptr<RankProcess>> ranks;
  for (int rank = 0; rank < 3; ++rank) {
    ranks.push_back(start(rank, 3, kLong + Words{"-o", file("out.json")}));
  }
  ASSERT_TRUE(wait_for_a_size(file("out.json")));
  ranks[2]->send(SIGKILL);
  for (const int rank : {0, 1}) {
    EXPECT_EQ(ranks[static_cast<std::size_t>(rank)]->wait(), 5);
    EXPECT_THAT(ranks[static_cast<std::size_t>(rank)]->said(), HasSubstr("rank 2 on "));
  }
  const BandwidthDocument document = read_bandwidth_document(file("out.json"));
  EXPECT_FALSE(document.complete);
  EXPECT_THAT(document.problems, ElementsAre(HasSubstr("rank 2 on ")));
  EXPECT_GE(document.sweeps.at(0).points.size(), 1U);
}

TEST_F(GlooBench, AHangingRankIsNamedAndEndsTheRun) {
  std::vector<std::unique_ptr<RankProcess>> ranks;
  for (int rank = 0; rank < 3; ++rank) {
    ranks.push_back(start(rank, 3, kLong + Words{"-o", file("out.json")}));
  }
  ASSERT_TRUE(wait_for_a_size(file("out.json")));
  ranks[1]->send(SIGSTOP);
  EXPECT_EQ(ranks[0]->wait(), 5);
  EXPECT_EQ(ranks[2]->wait(), 5);
  EXPECT_THAT(read_bandwidth_document(file("out.json")).problems,
              ElementsAre(HasSubstr("rank 1 on ")));
}

TEST_F(GlooBench, OthersEndWhereRankZeroDies) {
  std::vector<std::unique_ptr<RankProcess>> ranks;
  for (int rank = 0; rank < 3; ++rank) {
    ranks.push_back(start(rank, 3, kLong + Words{"-o", file("out.json")}));
  }
  ASSERT_TRUE(wait_for_a_size(file("out.json")));
  ranks[0]->send(SIGKILL);
  for (const int rank : {1, 2}) {
    EXPECT_NE(ranks[static_cast<std::size_t>(rank)]->wait(), 0);
    EXPECT_THAT(ranks[static_cast<std::size_t>(rank)]->said(),
                HasSubstr("the process of rank 0 died"));
  }
  // It could not say goodbye.
  EXPECT_FALSE(read_bandwidth_document(file("out.json")).complete);
}

TEST_F(GlooBench, AnInterruptKeepsWhatIsFinished) {
  std::vector<std::unique_ptr<RankProcess>> ranks;
  for (int rank = 0; rank < 2; ++rank) {
    ranks.push_back(start(rank, 2, kLong + Words{"-o", file("out.json")}));
  }
  ASSERT_TRUE(wait_for_a_size(file("out.json")));
  ranks[1]->send(SIGINT);
  for (const auto& rank : ranks) EXPECT_EQ(rank->wait(), 5) << rank->said();
  EXPECT_THAT(read_bandwidth_document(file("out.json")).problems,
              ElementsAre("interrupted at rank 1"));
}

TEST_F(GlooBench, WrongUseIsRefusedBeforeRanksMeet) {
  EXPECT_EQ(bench({"--op", "copy_h2d"}).exit_code, 2);
  EXPECT_EQ(bench({"--op", "all_reduce", "--placement", "out-of-place"}).exit_code, 2);
  EXPECT_EQ(bench({"--local-ranks", "3", "--pattern", "halves"}).exit_code, 2);
  EXPECT_EQ(bench({"--inject-error", "9", "--bytes", "1KiB"}).exit_code, 2);
  EXPECT_EQ(bench({"--bytes", "1KiB", "--min-bytes", "1KiB"}).exit_code, 2);
}

}  // namespace
}  // namespace sextant
