// Pipelines of one GPU type each share the batch by what each type does alone.
#include "planner/training/sextant/type_pipelines.h"

#include <gtest/gtest.h>

#include "tests/support/small_problem.h"

namespace sextant::search {
namespace {

/// Two replicas on the only type that has GPUs; A100s are three times as fast as V100s.
std::optional<QuickPlan> two_replicas(const TrainingProblem& part, int microbatch) {
  for (const GpuPool& pool : part.cluster.pools) {
    if (pool.count == 0) continue;
    Plan plan;
    plan.model = part.job.model;
    plan.layer_count = part.profile.layer_count;
    plan.global_batch = part.job.global_batch;
    plan.microbatch = microbatch;
    const auto replica = [&](int node) { return Replica{{{pool.gpu, pool.zone, node, 1}}, 1, 0}; };
    plan.pipelines = {{{{{{0, plan.layer_count}}, {replica(0), replica(1)}}}}};
    return QuickPlan{plan, pool.gpu == "A100-40" ? 3.0 : 1.0};
  }
  return std::nullopt;
}

SmallProblem problem_of_two_types() {
  SmallProblem small;
  small.measure("A100-40", 1, {1});
  small.measure("V100-16", 3, {1});
  small.add("A100-40", "a", 2);
  small.add("V100-16", "a", 2);
  small.job.global_batch = 16;
  return small;
}

TEST(TypePipelines, ShareTheBatchBySpeed) {
  const SmallProblem small = problem_of_two_types();
  const std::vector<Plan> plans = type_pipelines(small.problem(), {1}, two_replicas);
  ASSERT_EQ(plans.size(), 1U);
  check(plans[0]);
  ASSERT_EQ(plans[0].pipelines.size(), 2U);
  EXPECT_EQ(plans[0].global_batch, 16);
  // 12 and 4 of 16 microbatches, by two replicas each.
  for (const Replica& replica : plans[0].pipelines[0].stages[0].replicas) {
    EXPECT_EQ(replica.machines[0].gpu, "A100-40");
    EXPECT_EQ(replica.share, 6);
  }
  for (const Replica& replica : plans[0].pipelines[1].stages[0].replicas) {
    EXPECT_EQ(replica.machines[0].gpu, "V100-16");
    EXPECT_EQ(replica.share, 2);
  }
}

TEST(TypePipelines, NeedTwoTypesThatCan) {
  SmallProblem small = problem_of_two_types();
  const auto only_fast = [](const TrainingProblem& part, int microbatch) {
    const auto found = two_replicas(part, microbatch);
    return found && found->iters_per_s > 1 ? found : std::nullopt;
  };
  EXPECT_TRUE(type_pipelines(small.problem(), {1, 2}, only_fast).empty());
  small.cluster.pools[1].count = 0;
  EXPECT_TRUE(type_pipelines(small.problem(), {1}, two_replicas).empty());
}

}  // namespace
}  // namespace sextant::search
