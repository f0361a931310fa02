#pragma once

// Plans of the small problem (tests/support/small_problem.h) whose moves can be worked out by hand:
// a layer's state is 1e8 bytes of fp32 weights and 2e8 of Adam's moments, links carry 1 GB/s.

#include <vector>

#include "tests/support/small_problem.h"

namespace sextant {

constexpr double kLayerStateBytes = 3 * SmallProblem::kParameterBytes;

/// `nodes[s]`: for each replica of stage s, of degree `tp`, its node among the GPUs "A" "here".
/// Layers are divided as evenly as they go.
inline Plan plan_on(const std::vector<std::vector<int>>& nodes, int tp, int zero_stage = 0) {
  Plan plan;
  plan.model = "small";
  plan.layer_count = SmallProblem::kLayers;
  plan.global_batch = 8;
  plan.microbatch = 1;
  plan.zero_stage = zero_stage;
  Pipeline& pipeline = plan.pipelines.emplace_back();
  const int stages = static_cast<int>(nodes.size());
  for (int s = 0; s < stages; ++s) {
    Stage stage{{{SmallProblem::kLayers * s / stages, SmallProblem::kLayers * (s + 1) / stages}},
                {}};
    for (const int node : nodes[static_cast<std::size_t>(s)]) {
      stage.replicas.push_back({{{"A", "here", node, tp}}, tp, 0});
    }
    pipeline.stages.push_back(std::move(stage));
  }
  return plan;
}

/// `count` GPUs "A" "here" on nodes of `per_node`.
inline SmallProblem small_cluster(int count, int per_node = 4) {
  SmallProblem small;
  small.measure("A", 1, {1, 2, 4});
  small.add("A", "here", count);
  small.cluster.pools[0].gpus_per_node = per_node;
  return small;
}

}  // namespace sextant
