#pragma once

// Estimator sextant on the small problem with round numbers.

#include <string>
#include <vector>

#include "analyzer/training/sextant/sextant.h"
#include "tests/support/small_problem.h"

namespace sextant {

/// Equal stages of `replicas` replicas of one GPU type each.
inline Plan plan_of(int stages, int replicas, const std::string& gpu = "A", int tp = 1) {
  Plan plan;
  plan.model = "small";
  plan.layer_count = SmallProblem::kLayers;
  plan.global_batch = 8;
  plan.microbatch = 1;
  Pipeline pipeline;
  const int each = SmallProblem::kLayers / stages;
  for (int s = 0; s < stages; ++s) {
    const Replica replica{{{gpu, "here", -1, tp}}, tp, 0};
    pipeline.stages.push_back({{{s * each, (s + 1) * each}},
                               std::vector<Replica>(static_cast<std::size_t>(replicas), replica)});
  }
  plan.pipelines = {pipeline};
  return plan;
}

struct SextantProblem : SmallProblem {
  SextantProblem() {
    job.framework = "sextant";
    measure("A", 1, {1, 2});
    add("A", "here", 64, 80e9);
  }
};

inline Prediction predict(const SmallProblem& problem, const Plan& plan) {
  return sextant_estimator().predict(problem.problem(), plan);
}

}  // namespace sextant
