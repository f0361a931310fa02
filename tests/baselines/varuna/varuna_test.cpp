// Estimator and planner `varuna` against what Varuna was recorded to say in Sailor's artifact.
#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "planner/training/planner.h"
#include "tests/baselines/support/recorded.h"
#include "tests/support/reference_data.h"
#include "tests/support/small_problem.h"
#include "tests/support/temporary_folder.h"

namespace sextant {
namespace {

const Estimator& varuna() {
  return estimator_named("varuna");
}

TEST(Varuna, TimesAreThoseRecorded) {
  SEXTANT_NEEDS(reference_data("baselines"));
  const auto recorded = recorded_estimates("fig5b_time_GH200", "Varuna");
  ASSERT_EQ(recorded.size(), 15U);
  const PublishedRuns runs("main");
  for (const MeasuredRun& run : runs.runs()) {
    if (!recorded.contains(run.name)) continue;
    // To the microsecond in which both count.
    EXPECT_NEAR(runs.predict(varuna(), run).iteration_s, recorded.at(run.name), 0.5e-6) << run.name;
  }
}

TEST(Varuna, MemoryIsThatRecorded) {
  SEXTANT_NEEDS(reference_data("baselines"));
  const auto recorded = recorded_estimates("fig5a_mem_GH200", "Varuna");
  ASSERT_EQ(recorded.size(), 15U);
  const PublishedRuns runs("main");
  for (const MeasuredRun& run : runs.runs()) {
    if (!recorded.contains(run.name)) continue;
    EXPECT_EQ(runs.predict(varuna(), run).peak_memory_bytes, recorded.at(run.name)) << run.name;
  }
}

TEST(Varuna, AllItsRecordedPlansAreTooLarge) {
  SEXTANT_NEEDS(reference_data("baselines"));
  const auto answers = recorded_answers("Varuna");
  ASSERT_EQ(answers.size(), 3U);
  for (const RecordedAnswer& answer : answers) {
    const TrainingInput input = published_input(answer.figure, answer.cluster);
    const PlannedJob ours =
        plan_job(planner_named("varuna"), input.problem(), estimator_named("sailor"), {});
    EXPECT_EQ(ours.feasible, answer.found) << answer.cluster;
    EXPECT_EQ(ours.plans_rejected_oom, answer.plans_rejected_oom) << answer.cluster;
    EXPECT_THAT(ours.reason, testing::HasSubstr("do not fit in memory"));
  }
}

void expect_legal(const SmallProblem& small, const SearchResult& found) {
  for (const Proposal& proposal : found.proposals) {
    EXPECT_NO_THROW(check(proposal.plan));
    EXPECT_GT(proposal.believed_iteration_s, 0);
    for (const GpuUse& use : gpus_used(proposal.plan)) {
      const GpuPool* pool = small.cluster.find(use.gpu, use.zone);
      ASSERT_NE(pool, nullptr);
      EXPECT_LE(use.count, pool->count);
    }
  }
}

TEST(Varuna, PlansWithoutItsOwnTables) {
  for (const int gpus : {1, 2, 3, 4, 5, 7, 8, 13, 64}) {
    SmallProblem small;
    small.measure("fast", 1, {1, 2, 4});
    small.add("fast", "a", gpus);
    const Planner& planner = planner_named("varuna");
    const SearchResult found = planner.search(small.problem(), estimator_named("sailor"), {});
    ASSERT_FALSE(found.proposals.empty()) << gpus << ": " << found.infeasible_reason;
    EXPECT_TRUE(found.complete);
    EXPECT_EQ(found.evaluations, found.proposals.size());
    expect_legal(small, found);
    const SearchResult again = planner.search(small.problem(), estimator_named("sailor"), {});
    for (std::size_t p = 0; p < found.proposals.size(); ++p) {
      EXPECT_EQ(found.proposals[p].plan, again.proposals[p].plan);
      EXPECT_EQ(found.proposals[p].believed_iteration_s, again.proposals[p].believed_iteration_s);
    }
  }
}

TEST(Varuna, BudgetEndsTheSearch) {
  SmallProblem small;
  small.measure("fast", 1, {1, 2, 4});
  small.add("fast", "a", 16);
  PlannerOptions options;
  options.max_evaluations = 1;
  const SearchResult found =
      planner_named("varuna").search(small.problem(), estimator_named("sailor"), options);
  EXPECT_FALSE(found.complete);
  EXPECT_EQ(found.proposals.size(), 1U);
}

TEST(Varuna, SaysWhatDoesNotFit) {
  SmallProblem small;
  small.measure("fast", 1, {1});
  small.add("fast", "a", 2, /*memory_bytes=*/1e9);
  const SearchResult found =
      planner_named("varuna").search(small.problem(), estimator_named("sailor"), {});
  EXPECT_TRUE(found.proposals.empty());
  EXPECT_THAT(found.infeasible_reason, testing::HasSubstr("need"));
}

TEST(Varuna, EstimatesByHand) {
  SmallProblem small;
  small.measure("fast", 1, {1});
  small.add("fast", "a", 8);
  const SearchResult found =
      planner_named("varuna").search(small.problem(), estimator_named("sailor"), {});
  ASSERT_FALSE(found.proposals.empty());
  for (const Proposal& proposal : found.proposals) {
    // One GPU a node, so that planner and estimator mean the same.
    const Prediction judged = varuna().predict(small.problem(), proposal.plan);
    EXPECT_DOUBLE_EQ(judged.iteration_s, proposal.believed_iteration_s);
    const auto depth = static_cast<double>(judged.stages.size());
    const double layers = SmallProblem::kLayers / depth;
    EXPECT_NEAR(judged.stages.front().compute_s, layers * SmallProblem::kLayerSeconds, 1e-9);
    EXPECT_EQ(judged.stages.front().peak_memory_bytes,
              layers * (SmallProblem::kParameterBytes + SmallProblem::kActivationBytes -
                        SmallProblem::kOutputBytes) +
                  SmallProblem::kOutputBytes);
    EXPECT_NEAR(
        judged.iteration_s,
        judged.sync_s + (judged.microbatches + depth - 1) * layers * SmallProblem::kLayerSeconds,
        0.1);
  }
}

TEST(Varuna, MachinesTalkOverTheNetwork) {
  SmallProblem small;
  small.measure("fast", 1, {1});
  small.add("fast", "a", 8);
  small.cluster.pools.front().gpus_per_node = 1;
  const SearchResult found =
      planner_named("varuna").search(small.problem(), estimator_named("sailor"), {});
  ASSERT_EQ(found.proposals.size(), 2U);
  const auto deep = std::find_if(
      found.proposals.begin(), found.proposals.end(),
      [](const Proposal& proposal) { return proposal.plan.pipelines[0].stages.size() == 2; });
  ASSERT_NE(deep, found.proposals.end());
  const Prediction judged = varuna().predict(small.problem(), deep->plan);
  EXPECT_NEAR(judged.stages[0].transfer_s, SmallProblem::kOutputBytes / 1e9, 1e-6);
  EXPECT_NEAR(judged.stages[1].transfer_s, SmallProblem::kOutputBytes / 1e9, 1e-6);
  // Two layers among four replicas: 2 (D - 1) messages of a D-th.
  EXPECT_NEAR(judged.sync_s, 6 * 2 * SmallProblem::kParameterBytes / 4 / 1e9, 1e-6);
}

/// The message of the error that a table with that text gives.
std::string error_of(const std::string& text) {
  const TemporaryFolder scratch;
  scratch.write("Varuna/profiles/small/fast/profile_1.json", text);
  SmallProblem small;
  small.measure("fast", 1, {1});
  small.add("fast", "a", 1);
  TrainingProblem problem = small.problem();
  problem.published_tables = scratch.path();
  try {
    planner_named("varuna").search(problem, estimator_named("sailor"), {});
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadInput);
    return error.what();
  }
  return "none";
}

TEST(Varuna, BadTablesAreNamed) {
  const std::string good =
      R"({"forward": 0.1, "backward": 0.2, "params_bytes": 1, "mem_required": 2, "output_activation": 1})";
  const std::string layer = R"({"1": )" + good + "}";
  const auto table = [&](const std::string& last) {
    return R"({"0": )" + layer + R"(, "1": )" + layer + R"(, "2": )" + layer + R"(, "3": )" + last +
           "}";
  };
  EXPECT_EQ(error_of(table(layer)), "none");
  EXPECT_EQ(error_of(table(R"({"1": )" + good + R"(, "2": {}})")), "none");
  using testing::AllOf;
  using testing::HasSubstr;
  EXPECT_THAT(error_of("[]"), AllOf(HasSubstr("profile_1.json"), HasSubstr("4 layers")));
  EXPECT_THAT(error_of(R"({"0": 3})"), HasSubstr("profile_1.json"));
  EXPECT_THAT(error_of(table(R"({"1": {"forward": -1}})")),
              AllOf(HasSubstr("profile_1.json"), HasSubstr("/3/1/forward")));
  EXPECT_THAT(error_of(table(R"({"x": 1})")),
              AllOf(HasSubstr("profile_1.json"), HasSubstr("/3/x")));
  EXPECT_THAT(error_of(table("{}")), HasSubstr("every layer"));
}

}  // namespace
}  // namespace sextant
