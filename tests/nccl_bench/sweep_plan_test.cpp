#include "nccl_bench/sweep_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"

namespace sextant::bench {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// The options of a command line.
BenchOptions options_of(const std::vector<std::string>& words) {
  CLI::App program("test", "nccl_bench");
  const BenchArguments arguments(program);
  std::vector<std::string> reversed(words.rbegin(), words.rend());
  program.parse(reversed);
  return arguments.options();
}

SweepPlan plan_of(const std::vector<std::string>& words, int world_size,
                  BackendKind backend = BackendKind::kNccl) {
  return plan_sweeps(options_of(words), backend, world_size);
}

std::string refusal(const std::vector<std::string>& words, int world_size,
                    BackendKind backend = BackendKind::kNccl) {
  try {
    plan_of(words, world_size, backend);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUsage);
    return error.what();
  }
  return "none";
}

TEST(BenchOptions, SizesGrowByAFactor) {
  EXPECT_THAT(options_of({"--min-bytes", "1KiB", "--max-bytes", "8KiB"}).sizes,
              ElementsAre(1024, 2048, 4096, 8192));
  EXPECT_THAT(options_of({"--min-bytes", "100", "--max-bytes", "1kB", "--factor", "3"}).sizes,
              ElementsAre(100, 300, 900));
  EXPECT_EQ(options_of({}).sizes.size(), 21U);  // 2^10 … 2^30
  // Factors close to 1 do not repeat sizes.
  EXPECT_THAT(options_of({"--min-bytes", "1", "--max-bytes", "3", "--factor", "1.3"}).sizes,
              ElementsAre(1, 2, 3));
}

TEST(BenchOptions, SizesAreSortedAndUniqueWithANote) {
  const BenchOptions options = options_of({"--bytes", "64KiB,1KiB,65536"});
  EXPECT_THAT(options.sizes, ElementsAre(1024, 65536));
  EXPECT_THAT(options.notes, ElementsAre(HasSubstr("ascending"), HasSubstr("twice")));
  EXPECT_THAT(options_of({"--bytes", "1KiB,2KiB"}).notes, IsEmpty());
}

TEST(BenchOptions, RefuseWhatMakesNoSense) {
  const auto message = [](const std::vector<std::string>& words) -> std::string {
    try {
      options_of(words);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kUsage);
      return error.what();
    }
    return "none";
  };
  EXPECT_THAT(message({"--min-bytes", "2KiB", "--max-bytes", "1KiB"}), HasSubstr("more than"));
  EXPECT_THAT(message({"--bytes", "many"}), HasSubstr("--bytes \"many\""));
  EXPECT_THAT(message({"--bytes", "1e30"}), HasSubstr("too large"));
  EXPECT_THAT(message({"--op", "all_reduc"}), HasSubstr("all_reduce"));
  EXPECT_THAT(message({"--dtype", "fp8"}), HasSubstr("bf16"));
  EXPECT_THAT(message({"--pattern", "star"}), HasSubstr("halves"));
  EXPECT_THAT(message({"--backend", "mpi"}), HasSubstr("gloo"));
  EXPECT_THAT(message({"--placement", "beside"}), HasSubstr("in-place"));
  EXPECT_THAT(message({"--no-verify", "--inject-error", "0"}), HasSubstr("--no-verify"));
}

// Shares have a whole number of elements: 6 ranks of fp32 make blocks of 24 bytes. 1 byte becomes
// one block, and 23 and 25 bytes are the same size then.
TEST(SweepPlan, SizesAreWholeBlocks) {
  const SweepPlan plan =
      plan_of({"--op", "all_gather,all_reduce,broadcast", "--bytes", "1,23,25,100"}, 6);
  ASSERT_EQ(plan.sections.size(), 1U);
  const auto& steps = plan.sections[0].steps;
  ASSERT_EQ(steps.size(), 3U);
  EXPECT_THAT(steps[0].sizes, ElementsAre(24, 96));
  EXPECT_THAT(steps[1].sizes, ElementsAre(4, 20, 24, 100));
  EXPECT_EQ(plan.points(), 10U);
}

TEST(SweepPlan, APairIsTheFirstAndTheLast) {
  const SweepPlan plan = plan_of({"--bytes", "1KiB"}, 4);
  const SweepStep& step = plan.sections.at(0).steps.at(0);
  EXPECT_THAT(step.ranks, ElementsAre(0, 3));
  EXPECT_EQ(step.operation(0, 1024).send_to, 3);
  EXPECT_EQ(step.operation(0, 1024).receive_from, -1);
  EXPECT_EQ(step.operation(3, 1024).receive_from, 0);
  EXPECT_EQ(step.operation(3, 1024).send_to, -1);
  EXPECT_FALSE(step.has(1));
}

TEST(SweepPlan, AWorldOfOneSendsToItself) {
  const SweepStep step = plan_of({"--bytes", "1KiB"}, 1).sections.at(0).steps.at(0);
  EXPECT_THAT(step.ranks, ElementsAre(0));
  EXPECT_EQ(step.operation(0, 1024).send_to, 0);
  EXPECT_EQ(step.operation(0, 1024).receive_from, 0);
  EXPECT_THAT(refusal({"--bytes", "1KiB"}, 1, BackendKind::kGloo), HasSubstr("2 ranks"));
}

// Whoever is sent to receives from whoever sends.
TEST(SweepPlan, SendersAndReceiversMatch) {
  for (const char* pattern : {"pair", "halves", "ring", "matrix"}) {
    const SweepPlan plan = plan_of({"--pattern", pattern, "--bytes", "1KiB"}, 6);
    for (const SweepStep& step : plan.sections.at(0).steps) {
      int messages = 0;
      for (const int rank : step.ranks) {
        const Operation mine = step.operation(rank, 1024);
        if (mine.send_to >= 0) {
          ++messages;
          EXPECT_EQ(step.operation(mine.send_to, 1024).receive_from, rank) << pattern;
        }
        if (mine.receive_from >= 0) {
          EXPECT_EQ(step.operation(mine.receive_from, 1024).send_to, rank) << pattern;
        }
      }
      const std::string name = pattern;
      EXPECT_EQ(messages, name == "halves" ? 3 : name == "ring" ? 6 : 1);
    }
  }
}

TEST(SweepPlan, HalvesAreRankAndRankPlusHalf) {
  const SweepStep step =
      plan_of({"--pattern", "halves", "--bytes", "1KiB"}, 8).sections.at(0).steps.at(0);
  EXPECT_EQ(step.operation(1, 1024).send_to, 5);
  EXPECT_EQ(step.operation(5, 1024).receive_from, 1);
  EXPECT_THAT(refusal({"--pattern", "halves"}, 3), HasSubstr("3 ranks have no halves"));
}

TEST(SweepPlan, AMatrixHasEveryOrderedPairOnce) {
  const SweepPlan plan =
      plan_of({"--pattern", "matrix", "--op", "send_recv,copy_d2d", "--bytes", "1KiB"}, 4);
  std::set<std::vector<int>> seen;
  for (const SweepStep& step : plan.sections.at(0).steps) seen.insert(step.ranks);
  EXPECT_EQ(plan.sections[0].steps.size(), 12U + 4U);
  EXPECT_EQ(seen.size(), 16U);
}

TEST(SweepPlan, GroupsAreTheFirstRanks) {
  const SweepPlan plan =
      plan_of({"--op", "send_recv,all_reduce", "--group-sizes", "8,2,4", "--bytes", "1KiB"}, 8);
  ASSERT_EQ(plan.sections.size(), 3U);
  EXPECT_EQ(plan.sections[0].group_size, 8);
  EXPECT_EQ(plan.sections[0].steps.size(), 2U);
  EXPECT_EQ(plan.sections[1].group_size, 2);
  EXPECT_EQ(plan.sections[2].group_size, 4);
  EXPECT_THAT(plan.sections[1].steps.at(0).ranks, ElementsAre(0, 1));
  EXPECT_THAT(refusal({"--op", "all_reduce", "--group-sizes", "9"}, 8), HasSubstr("9 of 8"));
  // Without the whole world there is no section of it.
  EXPECT_EQ(plan_of({"--op", "all_reduce", "--group-sizes", "2"}, 8).sections.size(), 1U);
}

TEST(SweepPlan, MeasuresInAndOutOfPlaceWhereThatIs) {
  const auto steps = [](const std::vector<std::string>& more, BackendKind backend) {
    std::vector<std::string> words = {"--bytes", "1KiB", "--op", "all_reduce,all_gather"};
    words.insert(words.end(), more.begin(), more.end());
    std::vector<bool> out;
    const SweepPlan plan = plan_of(words, 2, backend);
    for (const SweepStep& step : plan.sections.at(0).steps) out.push_back(step.in_place);
    return out;
  };
  EXPECT_THAT(steps({}, BackendKind::kNccl), ElementsAre(false, false));
  EXPECT_THAT(steps({}, BackendKind::kGloo), ElementsAre(true, false));
  EXPECT_THAT(steps({"--placement", "both"}, BackendKind::kNccl),
              ElementsAre(false, true, false, true));
  EXPECT_THAT(steps({"--placement", "both"}, BackendKind::kGloo), ElementsAre(true, false, true));
  EXPECT_THAT(refusal({"--op", "all_reduce", "--placement", "out-of-place"}, 2, BackendKind::kGloo),
              HasSubstr("gloo has no all_reduce out of place"));
  EXPECT_THAT(refusal({"--op", "send_recv", "--placement", "in-place"}, 2),
              HasSubstr("no send_recv in place"));
}

TEST(SweepPlan, AllMeansWhatTheBackendHas) {
  EXPECT_EQ(plan_of({"--op", "all", "--bytes", "1KiB"}, 2).sections.at(0).steps.size(), 9U);
  const SweepPlan gloo = plan_of({"--op", "all", "--bytes", "1KiB"}, 2, BackendKind::kGloo);
  EXPECT_EQ(gloo.sections.at(0).steps.size(), 7U);
  EXPECT_THAT(gloo.notes, ElementsAre(HasSubstr("copy_h2d"), HasSubstr("copy_d2h")));
  EXPECT_THAT(refusal({"--op", "copy_h2d"}, 2, BackendKind::kGloo), HasSubstr("gloo has no copy"));
}

TEST(SweepPlan, OverlapsAreOfTheLargestSize) {
  const SweepPlan plan = plan_of(
      {"--op", "all_reduce,broadcast", "--dtype", "int8,bf16", "--bytes", "1KiB,1MiB", "--overlap"},
      2);
  const auto& overlaps = plan.sections.at(0).overlaps;
  ASSERT_EQ(overlaps.size(), 2U);
  EXPECT_EQ(overlaps[0].type, ElementType::kBf16);  // matrices of whole numbers tell little
  EXPECT_THAT(overlaps[0].sizes, ElementsAre(1 << 20));
  EXPECT_THAT(refusal({"--dtype", "int8", "--overlap"}, 2), HasSubstr("floating"));
}

TEST(SweepPlan, RanksThatWereAskedDifferentlySaySo) {
  const auto said = [](const std::vector<std::string>& words) {
    const BenchOptions options = options_of(words);
    return agreement(options, plan_sweeps(options, BackendKind::kNccl, 4));
  };
  const auto plain = said({});
  EXPECT_EQ(plain, said({}));
  for (const std::vector<std::string>& other : {std::vector<std::string>{"--bytes", "1KiB"},
                                                {"--op", "broadcast"},
                                                {"--pattern", "ring"},
                                                {"--dtype", "bf16"},
                                                {"--warmup", "1"},
                                                {"--no-verify"},
                                                {"--overlap"}}) {
    EXPECT_NE(plain, said(other)) << other.front();
  }
  const std::vector<std::string> reduce = {"--op", "all_reduce", "--group-sizes", "2"};
  EXPECT_NE(said(reduce), said({"--op", "all_reduce", "--group-sizes", "3"}));
}

}  // namespace
}  // namespace sextant::bench
