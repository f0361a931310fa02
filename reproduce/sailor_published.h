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

}  // namespace sextant
