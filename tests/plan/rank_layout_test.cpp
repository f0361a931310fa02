#include "analyzer/plan/rank_layout.h"

#include <gtest/gtest.h>

namespace sextant {
namespace {

Replica replica(int tp) {
  return {{{"CPU", "here", -1, tp}}, tp, 0};
}

/// A first pipeline of two stages, tp 2 twice and tp 1 twice, and a second of one stage, tp 1.
Plan plan() {
  Plan plan;
  plan.layer_count = 4;
  plan.pipelines = {{{{{{0, 2}}, {replica(2), replica(2)}}, {{{2, 4}}, {replica(1), replica(1)}}}},
                    {{{{{0, 4}}, {replica(1)}}}}};
  return plan;
}

// Stage 0 takes ranks 0 to 3, tensor ranks together; stage 1 ranks 4 and 5; the second pipeline 6.
TEST(RankLayout, GoesPipelineStageReplicaTensorRank) {
  const RankLayout layout(plan());
  const std::vector<RankPlace> expected = {{0, 0, 0, 0}, {0, 0, 0, 1}, {0, 0, 1, 0}, {0, 0, 1, 1},
                                           {0, 1, 0, 0}, {0, 1, 1, 0}, {1, 0, 0, 0}};
  EXPECT_EQ(layout.places(), expected);
  EXPECT_EQ(layout.size(), gpu_count(plan()));
  for (int rank = 0; rank < layout.size(); ++rank) {
    EXPECT_EQ(layout.rank(layout.place(rank)), rank);
  }
}

TEST(RankLayout, PlacesAreNamedAsFarAsNeeded) {
  EXPECT_EQ(text(RankPlace{0, 0, 1, 1}, plan()), "pipeline 0 stage 0 replica 1 tp rank 1");
  EXPECT_EQ(text(RankPlace{0, 1, 1, 0}, plan()), "pipeline 0 stage 1 replica 1");
  EXPECT_EQ(text(RankPlace{1, 0, 0, 0}, plan()), "pipeline 1 stage 0");
  Plan alone = plan();
  alone.pipelines.erase(alone.pipelines.begin());
  EXPECT_EQ(text(RankPlace{}, alone), "stage 0");
}

}  // namespace
}  // namespace sextant
