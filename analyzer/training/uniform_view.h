#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "analyzer/plan/plan.h"

namespace sextant {

/// A plan as the published validation hands it to the tools that think in one grid: the degrees of
/// the first stage's first replica stand for the whole plan.
struct UniformView {
  int tp = 1;
  int dp = 1;
  int pp = 1;
  int microbatch = 0;
  int global_batch = 0;
  std::vector<LayerRange> stages;
  /// By stage and replica, the GPU type of the replica's first machine.
  std::vector<std::vector<std::string>> gpus;
  std::string zone;  ///< of the first replica

  /// The GPU type of the first stage's first replica.
  const std::string& gpu() const { return gpus.front().front(); }
};

/// Throws Error(kBadInput) naming `estimator` where the plan has several pipelines or virtual
/// chunks, which it then does not model.
UniformView uniform_view(const Plan& plan, std::string_view estimator);

}  // namespace sextant
