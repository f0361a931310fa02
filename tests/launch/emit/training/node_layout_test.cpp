#include "launch/emit/training/node_layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "tests/launch/emit/training/launch_jobs.h"

namespace sextant {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace testing;

/// "A100-40@hall/0: 0+2", by node.
std::vector<std::string> layout_of(const Plan& plan) {
  std::vector<std::string> out;
  for (const LaunchNode& node : node_layout(plan, small_pools())) {
    out.push_back(machine_name(node) + ": " + std::to_string(node.first_rank) + "+" +
                  std::to_string(node.ranks));
  }
  return out;
}

std::string refusal(const Plan& plan, const std::vector<GpuPool>& pools = small_pools()) {
  try {
    node_layout(plan, pools);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadInput);
    return error.what();
  }
  return "none";
}

TEST(NodeLayout, FillsNodesInTheOrderOfRanks) {
  EXPECT_THAT(layout_of(uniform_plan()), ElementsAre("A100-40@hall/0: 0+2", "A100-40@hall/1: 2+2"));
  EXPECT_THAT(layout_of(mixed_plan()),
              ElementsAre("V100-16@hall/0: 0+4", "A100-40@hall/0: 4+2", "A100-40@hall/1: 6+2"));
  EXPECT_THAT(layout_of(far_plan()), ElementsAre("A100-40@hall/0: 0+2", "A100-40@far away/0: 2+2"));
}

TEST(NodeLayout, ATensorParallelGroupGoesToTheNextNodeWhereItDoesNotFit) {
  const Plan plan = two_replicas({{{0, 2}, "V100-16", "hall", 3}, {{2, 9}, "V100-16"}});
  EXPECT_THAT(layout_of(plan),
              ElementsAre("V100-16@hall/0: 0+3", "V100-16@hall/1: 3+4", "V100-16@hall/2: 7+1"));
}

TEST(NodeLayout, AMachineWithRanksThatAreNoNeighboursStandsThereForEachRun) {
  const std::vector<LaunchNode> nodes = node_layout(scattered_plan(), small_pools());
  EXPECT_THAT(layout_of(scattered_plan()),
              ElementsAre("A100-40@hall/0: 0+2", "A100-40@hall/1: 2+1", "V100-16@hall/0: 3+3",
                          "A100-40@hall/1: 6+1", "A100-40@hall/2: 7+2"));
  EXPECT_EQ(first_gpu(nodes, 1), 0);
  EXPECT_EQ(first_gpu(nodes, 3), 1);
}

TEST(NodeLayout, NodesThatThePlanNamesAreNotFilledWithOthers) {
  Plan plan = uniform_plan();
  plan.pipelines[0].stages[1].replicas[0].machines[0].node = 0;
  plan.pipelines[0].stages[1].replicas[1].machines[0].node = 3;
  EXPECT_THAT(layout_of(plan), ElementsAre("A100-40@hall/0: 0+1", "A100-40@hall/1: 1+1",
                                           "A100-40@hall/0: 2+1", "A100-40@hall/3: 3+1"));
}

TEST(NodeLayout, RefusesWhatTheClusterDoesNotHave) {
  std::vector<GpuPool> pools = small_pools();
  pools[0].count = 3;
  EXPECT_THAT(refusal(uniform_plan(), pools),
              HasSubstr("uses 4 \"A100-40\" in zone \"hall\", of which the cluster has 3"));
  pools.erase(pools.begin());
  EXPECT_THAT(refusal(uniform_plan(), pools),
              HasSubstr("uses \"A100-40\" in zone \"hall\", which the cluster does not have"));
  EXPECT_THAT(refusal(two_replicas({{{0, 9}, "A100-40", "hall", 3}})),
              HasSubstr("takes 3 GPUs of one machine, a node of \"A100-40\""));
  Plan plan = uniform_plan();
  for (Replica& replica : plan.pipelines[0].stages[0].replicas) replica.machines[0].node = 4;
  EXPECT_THAT(refusal(plan),
              HasSubstr("needs node 4 of \"A100-40\" in zone \"hall\", which has 4"));
  for (Stage& stage : plan.pipelines[0].stages) {
    for (Replica& replica : stage.replicas) replica.machines[0].node = 1;
  }
  EXPECT_THAT(refusal(plan), HasSubstr("takes 3 GPUs of node 1"));
  // Eight GPUs are there, but groups of three leave one of each node idle.
  pools = small_pools();
  pools[1].count = 8;
  EXPECT_THAT(refusal(two_replicas({{{0, 4}, "V100-16", "hall", 3}, {{4, 9}, "V100-16"}}), pools),
              HasSubstr("needs node 2 of \"V100-16\""));
}

TEST(NodeLayout, SaysWhatANodeHolds) {
  const Plan plan = scattered_plan();
  const std::vector<LaunchNode> nodes = node_layout(plan, small_pools());
  EXPECT_EQ(held_by(nodes[0], plan), "stage 0 (layers 0-1): replicas 0-1, TP1");
  EXPECT_EQ(held_by(nodes[3], plan), "stage 2 (layers 5-8): replica 0, TP1");
  LaunchNode both = nodes[0];
  both.ranks = 4;
  EXPECT_EQ(held_by(both, plan),
            "stage 0 (layers 0-1): replicas 0-2, TP1; stage 1 (layers 2-4): replica 0, TP1");
}

}  // namespace
}  // namespace sextant
