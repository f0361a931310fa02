#include "planner/serving/sextant/chain_score.h"

#include <algorithm>
#include <cmath>

namespace sextant {
namespace {

/// Share of the slope in the score.
constexpr double kSlope = 0.1;

/// A smooth minimum, at most the least: the p-norm of the reciprocals with p = 16.
double smooth_minimum(const std::vector<double>& values, double least) {
  double sum = 0;
  for (const double value : values) {
    double ratio = least / value;
    for (int squared = 0; squared < 4; ++squared) ratio *= ratio;
    sum += ratio;
  }
  return least / std::sqrt(std::sqrt(std::sqrt(std::sqrt(sum))));
}

}  // namespace

ChainScore::ChainScore(const SearchInstance& instance)
    : instance_(instance), interval_flow_(instance) {}

double ChainScore::score(const StageChain& chain, double needed) {
  flow_ = 0;
  sum_.assign(chain.layers.size(), 0);
  for (std::size_t i = 0; i < chain.stage_of.size(); ++i) {
    const int stage = chain.stage_of[i];
    if (stage == StageChain::kUnused) continue;
    const int layers = chain.layers[static_cast<std::size_t>(stage)];
    if (layers > instance_.max_layers[i]) return kInfeasible;
    sum_[static_cast<std::size_t>(stage)] += instance_.node_capacity(static_cast<int>(i), layers);
  }
  if (*std::min_element(sum_.begin(), sum_.end()) <= 0) return kInfeasible;
  // Pipelines side by side add up.
  double least = 0;
  double weakest = sum_.front();
  int layers = 0;
  for (std::size_t s = 0; s < sum_.size(); ++s) {
    weakest = layers == 0 ? sum_[s] : std::min(weakest, sum_[s]);
    layers += chain.layers[s];
    if (layers < instance_.layers) continue;
    least += weakest;
    layers = 0;
  }
  const double slope = kSlope * smooth_minimum(sum_, least);
  flow_ = least;
  if (instance_.network_never_binds || (1 - kSlope) * least + slope < needed) {
    return (1 - kSlope) * least + slope;
  }
  flow_ = interval_flow_.flow(chain_placement(chain, instance_.layers));
  return (1 - kSlope) * flow_ + slope;
}

}  // namespace sextant
