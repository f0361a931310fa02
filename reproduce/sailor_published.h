#pragma once

#include <optional>
#include <string_view>

namespace sextant {

/// What a planner of the artifact achieved on a cluster, as its simulator judged it.
struct PublishedPlan {
  std::string_view planner;
  double iters_per_s = 0;  ///< 0: it found no valid plan
  double usd_per_iter = 0;
  double search_s = 0;
  int plans_rejected_oom = 0;
};

/// Nothing where no run of that planner on a cluster of that Cluster::summary() was recorded.
std::optional<PublishedPlan> sailor_published(std::string_view figure, std::string_view cluster,
                                              std::string_view planner);

/// What the artifact's simulator, or its port of another tool's model, predicts of a configuration
/// that was measured; 0 where it has no such figure.
struct PublishedPrediction {
  double iteration_s = 0;
  double memory_bytes = 0;
};

/// Of a run of the published sets, "ae/N8_D2"; nothing of another, or where that estimator was not
/// recorded.
std::optional<PublishedPrediction> sailor_published_prediction(std::string_view run,
                                                               std::string_view estimator);

}  // namespace sextant
