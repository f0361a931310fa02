#include "analyzer/report/pipeline_chart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"

namespace sextant {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// Layers 0-8 on two V100, layers 9-11 on an A100 in another zone and a hostile GPU.
Plan plan() {
  Plan made;
  made.model = "m";
  made.layer_count = 12;
  made.global_batch = 4;
  made.microbatch = 1;
  const auto on = [](const char* gpu, const char* zone) {
    return Replica{{{gpu, zone, -1, 1}}, 1, 0};
  };
  made.pipelines = {{{{{{0, 9}}, {on("V100-16", "a"), on("V100-16", "a")}},
                      {{{9, 12}}, {on("A100-40", "b"), on("<i>", "b")}}}}};
  return made;
}

// 900 pixels for 12 layers: 9 of them are 675 and 3 are 225, less the 4 between stages.
TEST(PipelineChart, DrawsStagesAsWideAsTheirLayers) {
  const std::string text = svg({plan(), "Plan", "estimated", "", {"1 ms", "2 ms"}});
  EXPECT_THAT(text, HasSubstr("x=\"16.0\""));
  EXPECT_THAT(text, HasSubstr("width=\"671.0\""));
  EXPECT_THAT(text, HasSubstr("x=\"691.0\""));
  EXPECT_THAT(text, HasSubstr("width=\"221.0\""));
  EXPECT_THAT(text, HasSubstr("<title>stage 0, layers 0-8: V100-16@a TP1 ×2</title>"));
  EXPECT_THAT(text, HasSubstr("<title>stage 1, layers 9-11: A100-40@b TP1 ×1</title>"));
  EXPECT_THAT(text, HasSubstr("&lt;i&gt;@b"));
  EXPECT_THAT(text, Not(HasSubstr("<i>")));
  EXPECT_THAT(text, HasSubstr(">2 ms<"));
  EXPECT_THAT(text, HasSubstr("Evidence: estimated."));
}

TEST(PipelineChart, DrawsEqualPipelinesOnce) {
  Plan several = plan();
  several.pipelines.push_back(several.pipelines.front());
  several.pipelines.back().stages[0].replicas[0].machines[0].node = 7;
  EXPECT_THAT(svg({several, "Plan"}), HasSubstr("2 equal pipelines"));
  several.pipelines.back().stages[0].replicas.pop_back();
  EXPECT_THAT(svg({several, "Plan"}), Not(HasSubstr("equal pipelines")));
}

TEST(PipelineChart, NamesEachChunk) {
  Plan interleaved = plan();
  interleaved.pipelines[0].stages[0].chunks = {{0, 3}, {6, 9}};
  interleaved.pipelines[0].stages[1].chunks = {{3, 6}, {9, 12}};
  const std::string text = svg({interleaved, "Plan"});
  for (const char* range : {"layers 0-2", "layers 3-5", "layers 6-8", "layers 9-11"}) {
    EXPECT_THAT(text, HasSubstr(range));
  }
}

TEST(PipelineChart, RefusesRemarksOfOtherStages) {
  EXPECT_THROW(svg({plan(), "Plan", "estimated", "", {"1 ms"}}), Error);
}

}  // namespace
}  // namespace sextant
