#include "planner/training/elastic/state_sizes.h"

#include <cmath>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/training/sextant/layer_state.h"

namespace sextant {

StateSizes::StateSizes(const TrainingProblem& problem) : problem_(problem) {
  for (const auto& [tp, layers] : problem.profile.memory) {
    std::vector<double>& sizes = of_degree_[tp];
    for (const LayerMemory& layer : layers) {
      const LayerState state = layer_state(layer, problem.job);
      sizes.push_back(state.weights * tp);
      sizes.push_back(state.optimizer * tp);
    }
  }
}

double StateSizes::bytes(int tp, const StateKey& key, double length) const {
  const auto found = of_degree_.find(tp);
  if (found == of_degree_.end()) problem_.profile.memory_at(tp);  // throws
  const std::size_t index = 2 * static_cast<std::size_t>(key.layer) + (key.optimizer ? 1 : 0);
  if (index >= found->second.size()) {
    throw_bad_input(fmt::format("plan: has layer {}, the profile of {} only {}", key.layer,
                                quote(problem_.profile.model), found->second.size() / 2));
  }
  return found->second[index] * length;
}

double StateSizes::bytes_in_common(const GpuState& rank, const GpuState& gpu) const {
  double sum = 0;
  auto held = gpu.parts.begin();
  for (const auto& [key, part] : rank.parts) {
    while (held != gpu.parts.end() && held->first < key) ++held;
    if (held == gpu.parts.end()) break;
    if (held->first != key) continue;
    const double length = part.common_length(held->second);
    if (length > 0) sum += bytes(rank.tp, key, length);
  }
  return std::round(sum);  // whole bytes, so that sums do not depend on their order
}

}  // namespace sextant
