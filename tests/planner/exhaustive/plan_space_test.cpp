// The brute force itself: what it counts can be counted by hand.
#include "tests/planner/exhaustive/plan_space.h"

#include <set>

#include <gtest/gtest.h>

#include "tests/planner/exhaustive/held_answer.h"
#include "tests/planner/exhaustive/message_times.h"
#include "tests/planner/exhaustive/random_problem.h"

namespace sextant::exhaustive {
namespace {

/// The problem of tests/support with this many layers.
SmallProblem problem_of(int layers) {
  SmallProblem small;
  small.profile.layer_count = layers;
  return small;
}

int plans_of(const SmallProblem& small, const PlanSpace& space) {
  int plans = 0;
  for_each_plan(small.problem(), space, [&](const Plan& plan) {
    check(plan);
    ++plans;
  });
  return plans;
}

// Two layers on two GPUs: one or two stages of one replica, one stage of two.
TEST(PlanSpace, CountsStagesAndReplicas) {
  SmallProblem small = problem_of(2);
  small.measure("A100-40", 1, {1});
  small.add("A100-40", "a", 2);
  EXPECT_EQ(plans_of(small, {}), 3);
  // Only one sequence: no second replica.
  small.job.global_batch = 1;
  EXPECT_EQ(plans_of(small, {}), 2);
  // A tensor degree of two: one stage more.
  small.measure("A100-40", 1, {2});
  EXPECT_EQ(plans_of(small, {}), 3);
}

// One layer on 2 + 1 GPUs. D = 1: either type. D = 2: AA, AB, BA. D = 3: AAB, BAA.
TEST(PlanSpace, CountsMixedStagesInBothOrders) {
  SmallProblem small = problem_of(1);
  small.measure("A100-40", 1, {1});
  small.measure("V100-16", 1, {1});
  small.add("A100-40", "a", 2);
  small.add("V100-16", "a", 1);
  EXPECT_EQ(plans_of(small, {}), 7);
  PlanSpace pure;
  pure.most_mixed_stages = 0;
  EXPECT_EQ(plans_of(small, pure), 3);
  // And ABA.
  PlanSpace any;
  any.any_replica = true;
  EXPECT_EQ(plans_of(small, any), 8);
}

// Two nodes of three GPUs hold two replicas of two, not three.
TEST(PlanSpace, KeepsReplicasOnOneNode) {
  SmallProblem small = problem_of(1);
  small.measure("A100-40", 1, {2});
  small.add("A100-40", "a", 6);
  small.cluster.pools[0].gpus_per_node = 3;
  EXPECT_EQ(plans_of(small, {}), 2);
  small.cluster.pools[0].gpus_per_node = 2;
  EXPECT_EQ(plans_of(small, {}), 3);
  // Of the same node or of another: with nodes of four, two replicas may share one, or not.
  small.cluster.pools[0].gpus_per_node = 4;
  small.cluster.pools[0].count = 8;
  small.job.global_batch = 2;
  PlanSpace placed;
  placed.every_placement = true;
  EXPECT_EQ(plans_of(small, placed), 3);
}

// Two stages of two replicas in two zones of two GPUs: each in one zone (2 orders), or both spread
// (2 orders of the zones). One stage: in a, in b, spread in 2 orders (which are mixed ones too).
// One replica: 2 plans of one stage, 4 of two.
TEST(PlanSpace, CountsAlignedStages) {
  SmallProblem small = problem_of(2);
  small.job.global_batch = 2;
  small.measure("A100-40", 1, {1});
  small.add("A100-40", "a", 2);
  small.add("A100-40", "b", 2);
  PlanSpace space;
  space.most_mixed_stages = 0;
  EXPECT_EQ(plans_of(small, space), 2 + 4 + 2 + 2);
  space.aligned = true;
  EXPECT_EQ(plans_of(small, space), 2 + 4 + 4 + 4);
}

// Eight sequences on two replicas: equal shares, and 1 + 7 … 7 + 1.
TEST(PlanSpace, CountsUnequalShares) {
  SmallProblem small = problem_of(1);
  small.measure("A100-40", 1, {1});
  small.add("A100-40", "a", 2);
  PlanSpace space;
  space.unequal_shares = true;
  EXPECT_EQ(plans_of(small, space), 1 + 1 + 7);
  // Two pipelines of one replica, likewise.
  space.two_pipelines = true;
  EXPECT_EQ(plans_of(small, space), 1 + 1 + 7 + 1 + 7);
}

// 20 MB and 100 MB over a link whose bandwidth is 2 x - 10 GB/s at 2^x MB: nothing below 32 MB.
TEST(MessageTimes, SeesHoles) {
  class Quadratic : public UniformNetwork {
   public:
    LinkModel between(const LinkEnd& /*from*/, const LinkEnd& /*to*/) const override {
      return LinkModel::quadratic_log2_mb(0, 2, -10, 10e9);
    }
  };
  SmallProblem small;
  small.measure("A100-40", 1, {1});
  small.add("A100-40", "a", 4);
  const auto holds = [&](int stages, int replicas) {
    bool all = true;
    for_each_plan(small.problem(), {}, [&](const Plan& plan) {
      const std::vector<Stage>& of = plan.pipelines[0].stages;
      if (static_cast<int>(of.size()) != stages) return;
      if (static_cast<int>(of[0].replicas.size()) != replicas) return;
      all = all && all_messages_take_time(small.problem(), plan);
    });
    return all;
  };
  EXPECT_TRUE(holds(2, 1));
  EXPECT_TRUE(holds(1, 4));
  small.cluster.network = std::make_shared<Quadratic>();
  EXPECT_TRUE(holds(1, 1));
  EXPECT_FALSE(holds(2, 1));  // messages of 20 MB
  EXPECT_TRUE(holds(1, 4));   // four layers: 400 MB in pieces of 100
  for (auto& [tp, layers] : small.profile.memory) layers[0].parameter_bytes = 2.2e8;
  EXPECT_FALSE(holds(1, 4));  // 520 MB: a bucket, and 20 MB in pieces of 5
}

// The random problems are what they are for any machine: the same seed, the same problem.
TEST(RandomProblem, DependsOnItsSeedOnly) {
  const SmallProblem a = random_problem(5, {});
  const SmallProblem b = random_problem(5, {});
  EXPECT_EQ(a.cluster.summary(), b.cluster.summary());
  EXPECT_EQ(plans_of(a, {}), plans_of(b, {}));
  EXPECT_NE(a.cluster.summary() + std::to_string(a.job.global_batch),
            random_problem(6, {}).cluster.summary());
}

}  // namespace
}  // namespace sextant::exhaustive
