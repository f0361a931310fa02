#include "planner/serving/sextant/chain_score.h"

#include <algorithm>
#include <cmath>
#include <limits>

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

/// What the links between stages that follow one another let through, each machine by itself.
double ChainScore::boundary_bound(const StageChain& chain) {
  members_.resize(chain.layers.size());
  for (std::vector<int>& members : members_) members.clear();
  for (std::size_t i = 0; i < chain.stage_of.size(); ++i) {
    if (chain.stage_of[i] == StageChain::kUnused) continue;
    members_[static_cast<std::size_t>(chain.stage_of[i])].push_back(static_cast<int>(i));
  }
  double total = 0;
  double least = std::numeric_limits<double>::infinity();
  int layers = 0;
  for (std::size_t s = 0; s < members_.size(); ++s) {
    layers += chain.layers[s];
    if (layers == instance_.layers) {
      total += std::min(least, sum_[s]);
      least = std::numeric_limits<double>::infinity();
      layers = 0;
      continue;
    }
    arriving_.assign(members_[s + 1].size(), 0);
    double leaving = 0;
    for (const int from : members_[s]) {
      double out = 0;
      for (std::size_t to = 0; to < members_[s + 1].size(); ++to) {
        const double capacity = instance_.link_capacity(from, members_[s + 1][to]);
        out += capacity;
        arriving_[to] += capacity;
      }
      leaving += std::min(out, instance_.node_capacity(from, chain.layers[s]));
    }
    double received = 0;
    for (std::size_t to = 0; to < members_[s + 1].size(); ++to) {
      received += std::min(arriving_[to],
                           instance_.node_capacity(members_[s + 1][to], chain.layers[s + 1]));
    }
    least = std::min({least, leaving, received});
  }
  return total;
}

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
  if (instance_.machines > kMostExact) {
    flow_ = std::min(least, boundary_bound(chain));
    return (1 - kSlope) * flow_ + slope;
  }
  flow_ = interval_flow_.flow(chain_placement(chain, instance_.layers));
  return (1 - kSlope) * flow_ + slope;
}

}  // namespace sextant
