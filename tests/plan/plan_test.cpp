#include "analyzer/plan/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"

namespace sextant {
namespace {

using testing::HasSubstr;

Replica replica(const char* gpu, int tp) {
  return {{{gpu, "z", -1, tp}}, tp, 0};
}

/// Two stages of a model of 5 layers: 2 layers on two V100 pairs, 3 layers on an A100 and a V100
/// pair.
Plan small_plan() {
  Plan plan;
  plan.model = "toy";
  plan.layer_count = 5;
  plan.global_batch = 12;
  plan.microbatch = 2;
  plan.pipelines = {{{{{{0, 2}}, {replica("V100-16", 2), replica("V100-16", 2)}},
                      {{{2, 5}}, {replica("A100-40", 1), replica("V100-16", 2)}}}}};
  return plan;
}

std::string refusal(const Plan& plan) {
  try {
    check(plan);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadInput);
    return error.what();
  }
  return "accepted";
}

TEST(Plan, CountsItsGpusByTypeAndZone) {
  const std::vector<GpuUse> used = gpus_used(small_plan());
  ASSERT_EQ(used.size(), 2U);
  EXPECT_EQ(used[0].gpu, "A100-40");
  EXPECT_EQ(used[0].count, 1);
  EXPECT_EQ(used[1].gpu, "V100-16");
  EXPECT_EQ(used[1].count, 6);  // two pairs and one pair
  EXPECT_EQ(gpu_count(small_plan()), 7);
}

TEST(Plan, IsSummedUpInOneLine) {
  Plan plan;
  plan.microbatch = 2;
  const Stage stage = {{{0, 4}}, {{{{"A", "here", -1, 1}}, 1, 0}}};
  const Stage other = {{{0, 4}}, {{{{"B", "here", -1, 2}}, 2, 0}}};
  plan.pipelines = {{{stage}}, {{other}}, {{stage}}};
  EXPECT_EQ(summary(plan), "b2: 2 pipelines of 4 layers A TP1 x1 || 4 layers B TP2 x1");
}

TEST(Plan, IsAcceptedWhereItIsConsistent) {
  EXPECT_EQ(refusal(small_plan()), "accepted");
}

TEST(Plan, NamesTheStageThatContradicts) {
  Plan plan = small_plan();
  plan.pipelines[0].stages[1].chunks = {{3, 5}};  // layer 2 is nowhere
  EXPECT_THAT(refusal(plan),
              HasSubstr("pipeline 0 stage 1: holds layers [3, 5), expected layers from 2"));

  plan = small_plan();
  plan.pipelines[0].stages[1].chunks = {{2, 4}};
  EXPECT_THAT(refusal(plan), HasSubstr("ends at layer 4, the model has 5"));

  plan = small_plan();
  plan.pipelines[0].stages[0].replicas.clear();
  EXPECT_THAT(refusal(plan), HasSubstr("stage 0: has no replicas"));

  plan = small_plan();
  plan.pipelines[0].stages[0].replicas[1].tp = 4;
  EXPECT_THAT(refusal(plan), HasSubstr("replica 1: tensor degree 4 on 2 GPUs"));

  plan = small_plan();
  plan.microbatch = 0;
  EXPECT_THAT(refusal(plan), HasSubstr("microbatch 0"));
}

// 12 sequences in microbatches of 2 are 6 microbatches: 4 + 2 covers them, 4 + 1 does not.
TEST(Plan, HoldsSharesAgainstTheGlobalBatch) {
  Plan plan = small_plan();
  auto& replicas = plan.pipelines[0].stages[0].replicas;
  replicas[0].share = 4;
  replicas[1].share = 2;
  EXPECT_EQ(refusal(plan), "accepted");
  replicas[1].share = 1;
  EXPECT_THAT(refusal(plan), HasSubstr("cover 10 sequences of a global batch of 12"));
}

// Chunk 0 of every stage comes before chunk 1 of any: stage 0 has layers 0 and 3, stage 1 has
// 1-2, 4.
TEST(Plan, KnowsTheOrderOfVirtualChunks) {
  Plan plan = small_plan();
  plan.pipelines[0].stages[0].chunks = {{0, 1}, {3, 4}};
  plan.pipelines[0].stages[1].chunks = {{1, 3}, {4, 5}};
  EXPECT_EQ(refusal(plan), "accepted");
  EXPECT_EQ(plan.pipelines[0].stages[1].layer_count(), 3);
  EXPECT_THROW(to_artifact_json(plan), Error);  // that form has no word for chunks
}

TEST(Plan, SurvivesItsDocument) {
  Plan plan = small_plan();
  plan.schedule = ScheduleKind::kZeroBubbleH1;
  plan.split = BatchSplit::kSamples;
  plan.recompute = true;
  plan.zero_stage = 2;
  plan.pipelines[0].stages[0].replicas[0].machines[0].node = 3;
  for (Stage& stage : plan.pipelines[0].stages) {
    stage.replicas[0].share = 5;
    stage.replicas[1].share = 7;
  }
  const JsonDocument document = JsonDocument::parse(json_text(to_json(plan)), "plan.json");
  EXPECT_EQ(plan_from_json(document.root_of_kind("plan", 1)), plan);
}

TEST(Plan, SurvivesTheArtifactsForm) {
  const Plan plan = small_plan();
  const JsonDocument document = JsonDocument::parse(json_text(to_artifact_json(plan)), "plan.json");
  EXPECT_EQ(plan_from_artifact_json(document.root(), "toy", 5, 12), plan);
}

// 5 layers in 2 stages: the remainder goes to the first stages, as DeepSpeed's uniform partition
// does.
TEST(Plan, ReadsTheArtifactsUniformForm) {
  const JsonDocument document = JsonDocument::parse(
      R"({"P": 2, "D": 3, "T": 2, "mbs": 4, "gpu_type": "GH-96", "num_gpus_per_node": 4, "zone": "z"})",
      "plan.json");
  const Plan plan = plan_from_artifact_json(document.root(), "toy", 5, 24);
  ASSERT_EQ(plan.pipelines[0].stages.size(), 2U);
  EXPECT_EQ(plan.pipelines[0].stages[0].chunks[0], (LayerRange{0, 3}));
  EXPECT_EQ(plan.pipelines[0].stages[1].chunks[0], (LayerRange{3, 5}));
  EXPECT_EQ(plan.pipelines[0].stages[1].replicas.size(), 3U);
  EXPECT_EQ(gpu_count(plan), 12);
}

TEST(Plan, TakesOnlyItsGpusOfAWholeMachine) {
  const JsonDocument document = JsonDocument::parse(
      R"({"mbs": 1, "pipeline_list": [{"num_stages": 1, "layers_per_stage": [[0, 1]],
          "tmp_per_stage": [[[[["A100-40", 4, "z"]], 1]]], "dp": [1]}]})",
      "plan.json");
  EXPECT_EQ(gpu_count(plan_from_artifact_json(document.root(), "toy", 2, 1)), 1);
}

TEST(Plan, RefusesWhatIsNotOne) {
  const auto read = [](std::string_view text) {
    const JsonDocument document = JsonDocument::parse(text, "plan.json");
    return plan_from_artifact_json(document.root(), "toy", 2, 1);
  };
  EXPECT_THROW(read(R"({"mbs": 0, "pipeline_list": []})"), Error);
  EXPECT_THROW(read(R"({"mbs": 1, "pipeline_list": []})"), Error);
  EXPECT_THROW(read(R"({"mbs": 1, "pipeline_list": [{"layers_per_stage": [[0], [1]],
                        "tmp_per_stage": [[]]}]})"),
               Error);
  EXPECT_THROW(read(R"({"mbs": 1, "pipeline_list": [{"layers_per_stage": [[0, 2]],
                        "tmp_per_stage": [[[[["A", 1, "z"]], 1]]]}]})"),
               Error);
  EXPECT_THROW(read(R"({"mbs": 1, "pipeline_list": [{"layers_per_stage": [[0, 1]],
                        "tmp_per_stage": [[[[["A", 1, "z"]], 2]]]}]})"),
               Error);
}

}  // namespace
}  // namespace sextant
