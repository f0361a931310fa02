#pragma once

#include <optional>
#include <string_view>

namespace sextant {

/// What the artifact's own planner achieved on a cluster, as its own simulator judged it.
struct PublishedPlan {
  std::string_view figure;
  std::string_view cluster;  ///< Cluster::summary()
  double iters_per_s = 0;
  double usd_per_iter = 0;
};

/// Nothing where the figure has no such cluster.
std::optional<PublishedPlan> sailor_published(std::string_view figure, std::string_view cluster);

/// What the artifact's own simulator predicts of a configuration that was measured.
struct PublishedPrediction {
  double iteration_s = 0;
  double memory_bytes = 0;
};

/// Of a run of the published sets, "ae/N8_D2"; nothing of another.
std::optional<PublishedPrediction> sailor_published_prediction(std::string_view run);

}  // namespace sextant
