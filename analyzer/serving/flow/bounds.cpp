#include <algorithm>
#include <limits>

#include "analyzer/serving/flow/placement_flow.h"

namespace sextant {

namespace {

/// What all machines give to all layers together, where none gives one layer more than `flow`.
double layer_tokens_per_s(const std::vector<int>& machines, const ThroughputTable& throughput,
                          double flow) {
  double sum = 0;
  for (std::size_t t = 0; t < throughput.size(); ++t) {
    double best = 0;
    for (std::size_t k = 1; k < throughput[t].size(); ++k) {
      best = std::max(best, static_cast<double>(k) * std::min(throughput[t][k], flow));
    }
    sum += machines[t] * best;
  }
  return sum;
}

}  // namespace

double naive_upper_bound(const ServingCluster& cluster, const ServingProfiles& profiles,
                         const ThroughputTable& throughput) {
  return layer_tokens_per_s(machines_of_type(cluster, profiles), throughput,
                            std::numeric_limits<double>::infinity()) /
         profiles.model.layers;
}

double tight_upper_bound(const ServingCluster& cluster, const ServingProfiles& profiles,
                         const ThroughputTable& throughput) {
  const std::vector<int> machines = machines_of_type(cluster, profiles);
  const int layers = profiles.model.layers;
  // Where every machine gives just what the layers need over a range of flows, rounding must not
  // end the range early.
  constexpr double kRounding = 1e-12;
  double low = 0;
  double high = naive_upper_bound(cluster, profiles, throughput);
  // What is given grows with the flow, but less than in proportion: there is one crossing. Halved
  // until doubles have nothing between.
  while (true) {
    const double middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) return high;
    const double needed = layers * middle * (1 - kRounding);
    (layer_tokens_per_s(machines, throughput, middle) >= needed ? low : high) = middle;
  }
}

}  // namespace sextant
