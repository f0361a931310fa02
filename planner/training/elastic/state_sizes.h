#pragma once

#include <map>
#include <vector>

#include "planner/training/elastic/placed_plan.h"

namespace sextant {

/// Bytes of parts of the training state, weights and optimizer state, by the profile.
class StateSizes {
 public:
  explicit StateSizes(const TrainingProblem& problem);

  /// A part of a layer's state as a rank of degree `tp` keeps it: the profile's bytes of such a
  /// rank, times what the part is of its 1/tp. Throws Error(kBadInput) where the profile has no
  /// memory at that degree, or not of the layer.
  double bytes(int tp, const StateKey& key, double length) const;
  double bytes(int tp, const StateKey& key, const FractionSet& part) const {
    return bytes(tp, key, part.length());
  }
  /// What `rank` needs and `gpu` has.
  double bytes_in_common(const GpuState& rank, const GpuState& gpu) const;

 private:
  const TrainingProblem& problem_;
  /// By degree; of each layer the weights and the optimizer state of all ranks.
  std::map<int, std::vector<double>> of_degree_;
};

}  // namespace sextant
