#include "analyzer/plan/batch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "tests/plan/plans.h"

namespace sextant {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::pipeline_of;
using testing::plan_of;

std::string refusal(const Plan& plan) {
  try {
    split_batch(plan);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadInput);
    return error.what();
  }
  return "none";
}

// Eight samples in microbatches of two: four microbatches, over three replicas two, one, one.
TEST(Batch, IsSplitAlikeTheFirstHavingWhatIsLeft) {
  const auto batches = split_batch(plan_of({{{{0, 9}}, 1, {0, 0, 0}}}));
  ASSERT_EQ(batches.size(), 1U);
  EXPECT_THAT(batches[0], ElementsAre(ReplicaBatch{0, 2}, ReplicaBatch{4, 1}, ReplicaBatch{6, 1}));
}

TEST(Batch, FollowsSharesOfMicrobatchesAndOfSamples) {
  Plan plan = plan_of({{{{0, 9}}, 1, {3, 1}}});
  EXPECT_THAT(split_batch(plan)[0], ElementsAre(ReplicaBatch{0, 3}, ReplicaBatch{6, 1}));
  plan = plan_of({{{{0, 9}}, 1, {2, 6}}});
  plan.split = BatchSplit::kSamples;
  EXPECT_THAT(split_batch(plan)[0], ElementsAre(ReplicaBatch{0, 1}, ReplicaBatch{2, 3}));
}

TEST(Batch, GoesFromPipelineToPipeline) {
  Plan plan = plan_of({{{{0, 9}}, 1, {0, 0}}});
  plan.pipelines.push_back(pipeline_of({{{{0, 9}}, 1, {0, 0}}}));
  const auto batches = split_batch(plan);
  EXPECT_THAT(batches[0], ElementsAre(ReplicaBatch{0, 1}, ReplicaBatch{2, 1}));
  EXPECT_THAT(batches[1], ElementsAre(ReplicaBatch{4, 1}, ReplicaBatch{6, 1}));
}

TEST(Batch, RefusesWhatIsNotMadeOfWholeMicrobatches) {
  Plan plan = plan_of({{{{0, 9}}}});
  plan.global_batch = 9;
  EXPECT_THAT(refusal(plan), HasSubstr("a global batch of 9 samples is not made of whole "
                                       "microbatches of 2"));
  plan = plan_of({{{{0, 9}}, 1, {3, 5}}});
  plan.split = BatchSplit::kSamples;
  EXPECT_THAT(refusal(plan), HasSubstr("pipeline 0 replica 0: a share of 3 samples"));
  EXPECT_THAT(refusal(plan_of({{{{0, 9}}, 1, {4, 0}}})), HasSubstr("replica 1: has no microbatch"));
  EXPECT_THAT(refusal(plan_of({{{{0, 4}}, 1, {3, 1}}, {{{4, 9}}, 1, {1, 3}}})),
              HasSubstr("replica 0: has a share of 3 in stage 0 and 1 in stage 1"));
}

}  // namespace
}  // namespace sextant
