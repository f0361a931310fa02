// Real processes over Gloo: however a plan cuts a model, it trains the same.

#include <cmath>
#include <memory>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/files.h"
#include "tests/profiler/run/run_plan_runs.h"
#include "tests/support/schema_check.h"

namespace sextant::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

Plan with_schedule(Plan plan, ScheduleKind schedule) {
  plan.schedule = schedule;
  return plan;
}

Plan with_two_pipelines(Plan plan) {
  plan.pipelines.push_back(plan.pipelines.front());
  return plan;
}

Plan with_recompute(Plan plan) {
  plan.recompute = true;
  return plan;
}

Plan with_sequence_parallel(Plan plan) {
  plan.sequence_parallel = true;
  return plan;
}

struct NamedPlan {
  std::string name;
  Plan plan;
};

const NamedPlan kAlone = {"alone", plan_of({{{{0, 9}}}})};

/// Sums in another order differ by some 5e-7 here; a gradient that is left out, or of another
/// scale, shows at 1e-5 and more.
constexpr double kTolerance = 3e-6;

/// Losses agree with those of one process.
void expect_same_losses(const RunFolder& folder, const std::vector<NamedPlan>& plans) {
  const std::vector<double> expected = folder.measured(kAlone.name).losses;
  ASSERT_THAT(expected, SizeIs(4));
  for (const NamedPlan& plan : plans) {
    const std::vector<double> losses = folder.measured(plan.name).losses;
    ASSERT_THAT(losses, SizeIs(4)) << plan.name;
    for (std::size_t i = 0; i < losses.size(); ++i) {
      EXPECT_NEAR(losses[i], expected[i], kTolerance) << plan.name << ", iteration " << i;
    }
  }
}

std::unique_ptr<RunFolder> run_all(const std::vector<NamedPlan>& plans, bool tied,
                                   const std::string& optimizer) {
  auto folder = std::make_unique<RunFolder>(tied, optimizer);
  folder->add_plan(kAlone.name, kAlone.plan);
  for (const NamedPlan& plan : plans) folder->add_plan(plan.name, plan.plan);
  const ProgramResult result = folder->run({"-n", "3", "--warm-up", "1"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  return folder;
}

const std::vector<NamedPlan>& plans() {
  static const std::vector<NamedPlan> plans = {
      {"dp2", plan_of({{{{0, 9}}, 1, {0, 0}}})},
      {"dp2_unequal", plan_of({{{{0, 9}}, 1, {3, 1}}})},
      {"pipelines2", with_two_pipelines(plan_of({{{{0, 9}}}}))},
      {"tp2", plan_of({{{{0, 9}}, 2}})},
      {"tp4", plan_of({{{{0, 9}}, 4}})},
      {"tp2_sequence", with_sequence_parallel(plan_of({{{{0, 9}}, 2}}))},
      {"pp2", plan_of({{{{0, 5}}}, {{{5, 9}}}})},
      {"pp2_gpipe", with_schedule(plan_of({{{{0, 5}}}, {{{5, 9}}}}), ScheduleKind::kGPipe)},
      {"pp2_uneven", plan_of({{{{0, 1}}}, {{{1, 9}}}})},
      {"pp2_recompute", with_recompute(plan_of({{{{0, 7}}}, {{{7, 9}}}}))},
      {"pp2_interleaved", with_schedule(plan_of({{{{0, 2}, {4, 6}}}, {{{2, 4}, {6, 9}}}}),
                                        ScheduleKind::kInterleaved)},
      {"pp3", plan_of({{{{0, 3}}}, {{{3, 6}}}, {{{6, 9}}}})},
      {"pp3_zero_bubble",
       with_schedule(plan_of({{{{0, 3}}}, {{{3, 6}}}, {{{6, 9}}}}), ScheduleKind::kZeroBubbleH1)},
      {"tp2_zero_bubble",
       with_schedule(plan_of({{{{0, 5}}, 2}, {{{5, 9}}, 2}}), ScheduleKind::kZeroBubbleH1)},
      {"tp2_sequence_zero_bubble",
       with_schedule(with_sequence_parallel(plan_of({{{{0, 5}}, 2}, {{{5, 9}}, 2}})),
                     ScheduleKind::kZeroBubbleH1)},
      {"tp1_tp2", plan_of({{{{0, 5}}}, {{{5, 9}}, 2}})},
      {"tp2_tp1", plan_of({{{{0, 5}}, 2}, {{{5, 9}}}})},
      {"tp2_sequence_pp2", with_sequence_parallel(plan_of({{{{0, 5}}, 2}, {{{5, 9}}, 2}}))},
      {"dp2_pp2_unequal", plan_of({{{{0, 5}}, 1, {3, 1}}, {{{5, 9}}, 1, {3, 1}}})},
  };
  return plans;
}

void expect_documents_as_described(const RunFolder& folder) {
  SchemaCheck check("measured");
  for (const NamedPlan& plan : plans()) {
    EXPECT_EQ(check.problems(read_file(folder.document(plan.name))), "") << plan.name;
  }
}

void expect_whole_account(const NamedPlan& plan, const MeasuredRun& run) {
  SCOPED_TRACE(plan.name);
  EXPECT_EQ(run.plan, plan.plan);
  EXPECT_EQ(run.evidence, Evidence::kMeasuredCpu);
  EXPECT_EQ(run.incomplete, "");
  EXPECT_EQ(run.iteration.samples, 3);
  ASSERT_THAT(run.ranks, SizeIs(static_cast<std::size_t>(gpu_count(plan.plan))));
  double longest = 0;
  for (const double sample : run.iteration_samples_s) longest = std::max(longest, sample);
  for (const MeasuredRank& rank : run.ranks) {
    const RankPhases& phases = rank.phases;
    EXPECT_GT(phases.forward_s, 0);
    EXPECT_GT(phases.backward_s, 0);
    EXPECT_GT(phases.update_s, 0);
    // Medians of exclusive parts.
    EXPECT_LT(phases.forward_s + phases.backward_s, longest);
    const bool synchronises = rank.replica > 0 || plan.plan.pipelines.size() > 1;
    EXPECT_GT(phases.sync_s, synchronises ? 1e-6 : -1);
    if (rank.stage > 0) {
      EXPECT_GT(phases.receive_s, 0);
    } else if (plan.plan.pipelines[0].stages.size() == 1) {
      EXPECT_EQ(phases.receive_s, 0);
    }
    EXPECT_GT(rank.peak_allocated_bytes, 0);
    EXPECT_GT(rank.process_bytes, rank.peak_allocated_bytes);
  }
}

// Six blocks with 64 x 64 of queries, 2 x 64 x 32 of keys and values, 64 x 64 of outputs, three
// products of 64 x 176 and two norms; two tables of 512 x 64; a norm: 342,848 parameters in all.
// Weights, gradients and two moments take 16 bytes of each. Stage 0 of tp2_tp1 has half of
// everything but its norms.
void expect_states_in_memory(const RunFolder& folder) {
  constexpr double kBlock = 64 * 64 + 2 * 64 * 32 + 64 * 64 + 3 * 64 * 176 + 2 * 64;
  constexpr double kTable = 512 * 64;
  const double whole = 16 * (6 * kBlock + 2 * kTable + 64);
  const MeasuredRun alone = folder.measured(kAlone.name);
  EXPECT_GT(alone.ranks[0].peak_allocated_bytes, whole);
  EXPECT_LT(alone.ranks[0].peak_allocated_bytes, 1.5 * whole);
  const double half = 16 * (4 * (kBlock + 2 * 64) + kTable) / 2;
  const MeasuredRun split = folder.measured("tp2_tp1");
  EXPECT_GT(split.ranks[0].peak_allocated_bytes, half);
  EXPECT_LT(split.ranks[0].peak_allocated_bytes, 1.5 * half);
  // gpipe holds four microbatches on the first stage where 1f1b holds two.
  EXPECT_GT(folder.measured("pp2_gpipe").ranks[0].peak_allocated_bytes,
            folder.measured("pp2").ranks[0].peak_allocated_bytes);
}

// One run of all plans, since starting processes takes longer than what they do.
TEST(RunPlan, TrainsAlikeHoweverAModelIsCutAndAccountsForItself) {
  const auto folder = run_all(plans(), false, "adamw");
  expect_same_losses(*folder, plans());
  expect_documents_as_described(*folder);
  for (const NamedPlan& plan : plans()) {
    expect_whole_account(plan, folder->measured(plan.name));
  }
  expect_states_in_memory(*folder);
}

// Embedding and head have one table, on one stage and on two.
TEST(RunPlanTied, LossesAreThoseOfOneProcess) {
  const std::vector<NamedPlan> tied = {
      {"pp2", plan_of({{{{0, 5}}}, {{{5, 9}}}})},
      {"pp2_dp2", plan_of({{{{0, 5}}, 1, {0, 0}}, {{{5, 9}}, 1, {0, 0}}})},
      {"tp2", plan_of({{{{0, 9}}, 2}})},
      {"pp2_tp2", plan_of({{{{0, 5}}, 2}, {{{5, 9}}, 2}})},
  };
  const auto folder = run_all(tied, true, "adamw");
  expect_same_losses(*folder, tied);
}

// AdamW's steps hardly depend on the gradients' scale; SGD's do.
TEST(RunPlanSgd, LossesAreThoseOfOneProcess) {
  const std::vector<NamedPlan> some = {
      {"dp2_unequal", plan_of({{{{0, 9}}, 1, {3, 1}}})},
      {"pp2", plan_of({{{{0, 5}}}, {{{5, 9}}}})},
  };
  const auto folder = run_all(some, false, "sgd");
  expect_same_losses(*folder, some);
  EXPECT_EQ(folder->measured("pp2").optimizer, "sgd");
}

TEST(RunPlanRounds, PoolTheirSamples) {
  RunFolder folder;
  folder.add_plan("a", plan_of({{{{0, 9}}}}));
  folder.add_plan("b", plan_of({{{{0, 9}}, 1, {0, 0}}}));
  const ProgramResult result =
      folder.run({"-n", "2", "--warm-up", "1", "--rounds", "3", "--threads", "1"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  for (const char* name : {"a", "b"}) {
    const MeasuredRun run = folder.measured(name);
    EXPECT_THAT(run.iteration_samples_s, SizeIs(6));
    // Rounds begin anew, so that they have the same losses.
    EXPECT_THAT(run.losses, SizeIs(3));
    EXPECT_EQ(run.provenance.at("threads"), "1");
    EXPECT_THAT(result.out, HasSubstr(std::string("\n") + name + " "));
  }
}

TEST(RunPlanJson, PrintsTheDocument) {
  RunFolder folder;
  folder.add_plan("a", plan_of({{{{0, 9}}}}));
  const ProgramResult result = folder.run({"-n", "1", "--json", "--name", "main/one"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, read_file(folder.document("main/one")));
  EXPECT_EQ(folder.measured("main/one").name, "main/one");
}

}  // namespace
}  // namespace sextant::testing
