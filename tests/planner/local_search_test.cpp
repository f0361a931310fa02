// Steps beyond the stage search, judged by functions whose best plan is known.
#include "planner/training/sextant/local_search.h"

#include <algorithm>
#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"

namespace sextant::search {
namespace {

using testing::ElementsAre;

/// One replica of each stage on A100s, one on V100s; layers as given, 8 microbatches of one
/// sequence.
Plan plan_of(int first_layers, int layers) {
  Plan plan;
  plan.model = "a";
  plan.layer_count = layers;
  plan.global_batch = 8;
  plan.microbatch = 1;
  const auto replica = [](const char* gpu, int node) {
    return Replica{{{gpu, "zone", node, 1}}, 1, 0};
  };
  plan.pipelines = {{{{{{0, first_layers}}, {replica("A100-40", 0), replica("V100-16", 0)}},
                      {{{first_layers, layers}}, {replica("A100-40", 1), replica("V100-16", 1)}}}}};
  return plan;
}

JudgedPlan judged(const Plan& plan, double score) {
  check(plan);
  return {plan, {}, score};
}

TEST(LocalSearch, MovesLayersBetweenNeighbours) {
  const auto score = [](const Plan& plan) {
    return 1.0 + std::abs(plan.pipelines[0].stages[0].chunks[0].size() - 4);
  };
  LocalSearch search(
      {}, [&](const Plan& plan) { return judged(plan, score(plan)); }, 100);
  const JudgedPlan best = search.improve(judged(plan_of(1, 6), score(plan_of(1, 6))));
  EXPECT_EQ(best.plan.pipelines[0].stages[0].chunks[0], (LayerRange{0, 4}));
  EXPECT_EQ(best.plan.pipelines[0].stages[1].chunks[0], (LayerRange{4, 6}));
}

// An A100 takes 1 s a microbatch, a V100 3: 6 and 2 of 8 end together.
TEST(LocalSearch, MovesMicrobatchesToTheFasterReplicas) {
  const auto shares = [](const Plan& plan) {
    std::vector<int> out;
    for (const Replica& replica : plan.pipelines[0].stages[0].replicas) {
      out.push_back(replica.share == 0 ? 4 : replica.share);
    }
    return out;
  };
  const auto score = [&](const Plan& plan) {
    const std::vector<int> here = shares(plan);
    return std::max(1.0 * here[0], 3.0 * here[1]);
  };
  LocalSearch search(
      {}, [&](const Plan& plan) { return judged(plan, score(plan)); }, 100);
  const JudgedPlan best = search.improve(judged(plan_of(1, 2), 12));
  EXPECT_DOUBLE_EQ(best.score, 6);
  EXPECT_THAT(shares(best.plan), ElementsAre(6, 2));
  EXPECT_EQ(best.plan.split, BatchSplit::kMicrobatches);
}

TEST(LocalSearch, TriesTheSchedulesThatTheJobAllows) {
  const auto judge = [](const Plan& plan) {
    return judged(plan, plan.schedule == ScheduleKind::kZeroBubbleH1 ? 1 : 2);
  };
  Freedom freedom;
  LocalSearch held(freedom, judge, 100);
  EXPECT_EQ(held.improve(judge(plan_of(1, 2))).plan.schedule, ScheduleKind::kOneFOneB);
  freedom.schedules.push_back(ScheduleKind::kZeroBubbleH1);
  LocalSearch free(freedom, judge, 100);
  EXPECT_EQ(free.improve(judge(plan_of(1, 2))).plan.schedule, ScheduleKind::kZeroBubbleH1);
}

TEST(LocalSearch, KeepsToItsBudgetAndToWhatCanBeJudged) {
  int asked = 0;
  const auto refuse = [&](const Plan&) -> std::optional<JudgedPlan> {
    ++asked;
    return std::nullopt;
  };
  LocalSearch search({}, refuse, 3);
  const Plan plan = plan_of(2, 4);
  EXPECT_EQ(search.improve(judged(plan, 1)).plan, plan);
  EXPECT_EQ(asked, 3);
  EXPECT_EQ(search.left(), 0U);
}

}  // namespace
}  // namespace sextant::search
