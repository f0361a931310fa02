// Why a plan: figures worked out by hand under estimator sailor, on a model of four layers that
// take 0.3 s each, links of 1 GB/s and an optimizer step of 0.05 s.
#include "planner/training/explain/explanation.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "planner/training/explain/plan_shape.h"
#include "tests/support/small_problem.h"

namespace sextant {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const Estimator& sailor() {
  return estimator_named("sailor");
}

/// Two GPUs with points for one sequence.
SmallProblem two_gpus() {
  SmallProblem small;
  small.measure("A", 1, {1});
  small.add("A", "here", 2);
  return small;
}

/// `stages` equal stages of `replicas` GPUs each.
Plan even_plan(int stages, int replicas) {
  Plan plan;
  plan.model = "small";
  plan.layer_count = SmallProblem::kLayers;
  plan.global_batch = 8;
  plan.microbatch = 1;
  plan.pipelines.emplace_back();
  const int layers = SmallProblem::kLayers / stages;
  for (int s = 0; s < stages; ++s) {
    Stage stage{{{s * layers, (s + 1) * layers}}, {}};
    for (int r = 0; r < replicas; ++r) stage.replicas.push_back({{{"A", "here", -1, 1}}, 1, 0});
    plan.pipelines[0].stages.push_back(std::move(stage));
  }
  return plan;
}

/// Knows two plans, whatever is asked, and proves nothing.
class FixedPlanner : public Planner {
 public:
  FixedPlanner(Plan first, Plan later, std::vector<Plan> alternatives = {})
      : first_(std::move(first)),
        later_(std::move(later)),
        alternatives_(std::move(alternatives)) {}
  std::string_view name() const override { return "fixed"; }
  std::string_view description() const override { return "knows two plans"; }
  SearchResult search(const TrainingProblem&, const Estimator&,
                      const PlannerOptions& options) const override {
    SearchResult result;
    result.proposals.push_back({options.known_plans.empty() ? first_ : later_, 1, 1});
    for (const Plan& plan : alternatives_) result.alternatives.push_back({plan, 1, 1});
    result.evaluations = 10;
    return result;
  }

 private:
  Plan first_;
  Plan later_;
  std::vector<Plan> alternatives_;
};

Explanation explained(const SmallProblem& small, const Planner& planner,
                      const PlannerOptions& options = {}) {
  const PlannedJob best = plan_job(planner, small.problem(), sailor(), {});
  EXPECT_TRUE(best.feasible) << best.reason;
  return explain(best, small.problem(), options);
}

const Change& change_of(const Explanation& explanation, std::string_view what) {
  for (const Change& change : explanation.changes) {
    if (change.what == what) return change;
  }
  throw std::runtime_error("no change " + std::string(what));
}

// Two replicas of everything: 4 microbatches of 1.2 s, 0.05 s of update, and 2 messages of 0.2 s
// to exchange the gradients.
constexpr double kTwoReplicas = 4.8 + 0.05 + 0.4;

TEST(Explain, TellsWhatEachChangeBrings) {
  const SmallProblem small = two_gpus();
  const Explanation found = explained(small, planner_named("sextant"));
  EXPECT_NEAR(1 / found.figures.iters_per_s, kTwoReplicas, 1e-9);
  const Change& faster = change_of(found, "A computes 10 % faster");
  EXPECT_TRUE(faster.same_plan);
  EXPECT_NEAR(faster.gain, kTwoReplicas / (4.85 / 1.1 + 0.4) - 1, 1e-9);
  EXPECT_NEAR(change_of(found, "twice the bandwidth between all machines").gain,
              kTwoReplicas / (4.85 + 0.2) - 1, 1e-9);
  const Change& memory = change_of(found, "10 % more memory on A");
  EXPECT_FALSE(memory.same_plan);
  EXPECT_TRUE(memory.proved);
  EXPECT_EQ(memory.gain, 0);
  EXPECT_EQ(memory.plan_change, "");
  EXPECT_EQ(found.most, "A computes 10 % faster");
  EXPECT_EQ(found.changes.front().what, found.most);
  // Four GPUs more: three replicas of two equal stages.
  ASSERT_THAT(found.nodes, SizeIs(1));
  const Change& node = found.nodes[0];
  EXPECT_EQ(node.gpu, "A");
  EXPECT_EQ(node.gpus, 4);
  EXPECT_EQ(node.usd_per_hour, 4 * 3600);
  EXPECT_TRUE(node.proved);
  const double six_gpus = 2 * 0.64 + 1.26 + 0.05 + 4 * 0.2 / 3;
  EXPECT_NEAR(node.gain, kTwoReplicas / six_gpus - 1, 1e-9);
  EXPECT_EQ(node.plan_change,
            "2 stages instead of 1, 3 replicas instead of 2, 6 GPUs instead of 2");
  EXPECT_EQ(found.planned_again, 2);
  EXPECT_EQ(found.left_out, 0);
}

TEST(Explain, FindsThePlanThatMoreMemoryAllows) {
  SmallProblem small = two_gpus();
  // One stage takes 2e9 + 4 * 1.6e9; of two, the first takes 7.2e9.
  small.cluster.pools[0].memory_bytes = 8e9;
  const Explanation found = explained(small, planner_named("sextant"));
  const Change& memory = change_of(found, "10 % more memory on A");
  EXPECT_NEAR(1 / memory.figures.iters_per_s, kTwoReplicas, 1e-9);
  EXPECT_GT(memory.gain, 0);
  EXPECT_EQ(memory.plan_change, "1 stage instead of 2, 2 replicas instead of 1");
}

TEST(Explain, TellsWhatTheNetworkBetweenZonesCosts) {
  SmallProblem small;
  small.measure("A", 1, {1});
  small.add("A", "here", 1);
  small.add("A", "there", 1);
  const Explanation found = explained(small, planner_named("sextant"));
  const Change& zones = change_of(found, "twice the bandwidth between zones");
  EXPECT_NEAR(zones.gain, kTwoReplicas / (4.85 + 0.2) - 1, 1e-9);
  EXPECT_THAT(found.nodes, SizeIs(2));
}

TEST(Explain, SaysWhatAWiderBoundBrings) {
  SmallProblem small = two_gpus();
  // At one USD a second and GPU, two replicas take 10.5 USD, one GPU 9.65.
  small.job.max_usd_per_iter = 10;
  const Explanation found = explained(small, planner_named("sextant"));
  const Change& wider = change_of(found, "10 % more USD per iteration allowed");
  EXPECT_NEAR(wider.gain, 9.65 / kTwoReplicas - 1, 1e-9);
  EXPECT_EQ(found.most, wider.what);
  EXPECT_EQ(found.binds.back().kind, "bound");
  EXPECT_NEAR(found.binds.back().share, 0.965, 1e-9);
}

TEST(Explain, IsNeverWorseThanThePlanThatThereIs) {
  const SmallProblem small = two_gpus();
  const FixedPlanner planner(even_plan(1, 2), even_plan(2, 1));
  const Explanation found = explained(small, planner);
  ASSERT_THAT(found.nodes, SizeIs(1));
  EXPECT_EQ(found.nodes[0].gain, 0);
  EXPECT_EQ(found.nodes[0].plan_change, "");
  EXPECT_FALSE(found.nodes[0].proved);
  EXPECT_EQ(found.evaluations, 20U);
}

TEST(Explain, SaysWhyOthersLost) {
  SmallProblem small = two_gpus();
  const FixedPlanner planner(even_plan(1, 2), even_plan(1, 2),
                             {even_plan(1, 2), even_plan(2, 1), even_plan(1, 1)});
  const Explanation found = explained(small, planner);
  ASSERT_THAT(found.rivals, SizeIs(2));  // our own is none
  // 7 turns of 0.64 s, one of each stage, no gradients to exchange.
  const Rival& pipeline = found.rivals[0];
  EXPECT_EQ(pipeline.what, "microbatch 1, 2 stages, 1 replica, A");
  EXPECT_NEAR(pipeline.gain, kTwoReplicas / (7 * 0.64 + 1.26 + 0.05) - 1, 1e-9);
  ASSERT_THAT(pipeline.parts, SizeIs(3));
  EXPECT_EQ(pipeline.parts[0].part, "the slowest stage's pace");
  EXPECT_NEAR(pipeline.parts[0].more, 7 * 0.64 - 3 * 1.2, 1e-9);
  EXPECT_EQ(pipeline.parts[1].part, "fill and drain");
  EXPECT_NEAR(pipeline.parts[1].more, 0.06, 1e-9);
  EXPECT_EQ(pipeline.parts[2].part, "synchronisation");
  EXPECT_NEAR(pipeline.parts[2].more, -0.4, 1e-9);
  EXPECT_EQ(found.rivals[1].what, "microbatch 1, 1 stage, 1 replica, A");
}

TEST(Explain, SaysWhatALargerMicrobatchLacks) {
  SmallProblem small = two_gpus();
  ProfilePoint two = small.profile.points.at({"A", 1, 1});
  for (LayerTime& time : two.layers) {
    time.forward_s *= 2;
    time.backward_s *= 2;
  }
  small.profile.points[{"A", 1, 2}] = two;
  small.cluster.pools[0].memory_bytes = 8.5e9;
  const FixedPlanner planner(even_plan(1, 2), even_plan(1, 2));
  const Explanation found = explained(small, planner);
  ASSERT_THAT(found.rivals, SizeIs(1));
  EXPECT_EQ(found.rivals[0].what, "this plan with microbatch 2");
  EXPECT_THAT(found.rivals[0].impossible,
              HasSubstr("does not fit in memory: stage 0 needs 11.5 GiB of 7.92 GiB"));
}

TEST(Explain, LeavesOutWhatThereIsNoTimeFor) {
  const SmallProblem small = two_gpus();
  PlannerOptions options;
  options.time_limit_s = 1e-9;
  const Explanation found = explained(small, planner_named("sextant"), options);
  EXPECT_EQ(found.planned_again, 0);
  EXPECT_EQ(found.left_out, 2);
  EXPECT_THAT(found.nodes, IsEmpty());
  EXPECT_THAT(found.changes, SizeIs(2));  // judged again without a search
}

TEST(Explain, SaysWhatAStragglerCosts) {
  const SmallProblem small = two_gpus();
  TrainingProblem problem = small.problem();
  problem.disturbance.slow = {{0, 0, 1, 2}};
  const FixedPlanner planner(even_plan(1, 2), even_plan(1, 2));
  const PlannedJob best = plan_job(planner, problem, estimator_named("sextant"), {});
  ASSERT_TRUE(best.feasible) << best.reason;
  const Explanation found = explain(best, problem, {});
  EXPECT_EQ(found.most, "no slow ranks");
  EXPECT_GT(found.changes.front().gain, 0.3);
}

TEST(Explain, NamesUnusedGpus) {
  SmallProblem small = two_gpus();
  small.measure("B", 100, {1});
  small.add("B", "here", 3);
  const Explanation found = explained(small, planner_named("sextant"));
  const auto gpus = std::find_if(found.binds.begin(), found.binds.end(),
                                 [](const Binding& binding) { return binding.kind == "gpus"; });
  ASSERT_NE(gpus, found.binds.end());
  EXPECT_EQ(gpus->text, "GPUs in use: 2 of 5, not 3 B@here");
  EXPECT_NEAR(gpus->share, 0.4, 1e-12);
}

TEST(Gain, IsWhatTheObjectiveCounts) {
  const PlanFigures base{2, 10, 8};
  EXPECT_DOUBLE_EQ(gain(Objective::kThroughput, base, {3, 99, 99}), 0.5);
  EXPECT_DOUBLE_EQ(gain(Objective::kCost, base, {1, 9, 99}), 0.1);
  EXPECT_DOUBLE_EQ(gain(Objective::kGpus, base, {1, 99, 6}), 0.25);
  EXPECT_DOUBLE_EQ(gain(Objective::kGpus, base, {1, 99, 8}), -0.5);
}

TEST(PlanChange, SaysWhatDiffers) {
  EXPECT_EQ(plan_change(even_plan(2, 1), even_plan(2, 1)), "");
  Plan other = even_plan(2, 1);
  other.pipelines[0].stages[0].chunks[0].end = 1;
  other.pipelines[0].stages[1].chunks[0].first = 1;
  EXPECT_EQ(plan_change(even_plan(2, 1), other), "other layers, degrees or places");
  other.microbatch = 4;
  other.recompute = true;
  EXPECT_EQ(plan_change(even_plan(2, 1), other), "microbatch 4 instead of 1, with recomputation");
}

}  // namespace
}  // namespace sextant
