#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "analyzer/topology/group_mapping.h"
#include "analyzer/topology/workload.h"

namespace sextant {

/// What of a training step runs beside what.
enum class TrainingLoop {
  kNoOverlap,  ///< one thing after the other
  /// The weight gradient and its communication beside the communication of the same layer's input
  /// gradient.
  kOverlap,
  /// As kNoOverlap, the forward communication once more in the backward pass, where activations are
  /// recomputed; the recorded evaluation's vectors come from this loop.
  kForwardInBackward,
  kOverlapForwardInBackward,
};
inline constexpr std::array<std::string_view, 4> kTrainingLoopNames = {
    "NoOverlap", "Overlap", "FwdInBckwd", "OverlapFwdInBckwd"};
constexpr std::string_view to_string(TrainingLoop loop) {
  return kTrainingLoopNames[static_cast<std::size_t>(loop)];
}

/// How often the forward communication of a layer happens in a step: once or twice.
double forward_communications(TrainingLoop loop);

/// The time of a training step as a function of bandwidth, in closed form. With one communicator's
/// time per byte tau_k = max_d(shares[k][d] / bandwidth_d), it is
///   constant + sum_k weights[k] tau_k + sum of the maxima, each over terms of the same form:
/// convex in the bandwidths, and posynomial up to the maxima.
struct StepTime {
  /// constant_s + sum_k weights_bytes[k] tau_k.
  struct Term {
    double constant_s = 0;
    std::vector<double> weights_bytes;  ///< by communicator
  };
  /// `count` times the largest of its terms.
  struct Maximum {
    double count = 1;
    std::vector<Term> terms;
  };

  std::vector<std::vector<double>> shares;  ///< by communicator and dimension, >= 0
  Term always;
  std::vector<Maximum> maxima;

  /// Of bandwidths in bytes/s, one for each dimension; infinite where a dimension that is used has
  /// none.
  double seconds(std::span<const double> bandwidth_bytes_per_s) const;
  /// tau_k in s/byte.
  double seconds_per_byte(std::size_t communicator,
                          std::span<const double> bandwidth_bytes_per_s) const;
};

/// The step of a workload whose groups lie as `shapes` say (checked before). Computation is
/// multiplied by `compute_scale`.
StepTime step_time(const Workload& workload, const std::vector<GroupShape>& shapes,
                   TrainingLoop loop, double compute_scale = 1);

/// sum_i factors[i] * steps[i]; all have the same number of dimensions, and there is at least one.
StepTime weighted_sum(std::span<const StepTime> steps, std::span<const double> factors);

}  // namespace sextant
