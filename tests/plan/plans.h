#pragma once

#include <vector>

#include "analyzer/plan/plan.h"

namespace sextant::testing {

/// A stage of a test's plan.
struct StageOutline {
  std::vector<LayerRange> chunks;
  int tp = 1;
  std::vector<int> shares = {0};  ///< one a replica
};

inline Pipeline pipeline_of(const std::vector<StageOutline>& outlines) {
  Pipeline pipeline;
  for (const StageOutline& outline : outlines) {
    Stage& stage = pipeline.stages.emplace_back();
    stage.chunks = outline.chunks;
    for (const int share : outline.shares) {
      stage.replicas.push_back({{{"CPU", "here", -1, outline.tp}}, outline.tp, share});
    }
  }
  return pipeline;
}

/// Nine layers (six blocks), eight sequences in microbatches of two.
inline Plan plan_of(const std::vector<StageOutline>& outlines) {
  Plan plan;
  plan.model = "tiny-llama";
  plan.layer_count = 9;
  plan.global_batch = 8;
  plan.microbatch = 2;
  plan.pipelines = {pipeline_of(outlines)};
  return plan;
}

}  // namespace sextant::testing
