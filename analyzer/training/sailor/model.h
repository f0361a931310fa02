#pragma once

// What the two views of estimator `sailor` share, and the simulator of operators that judges Aceso
// with some of the same formulas.

#include <memory>
#include <optional>
#include <vector>

#include "analyzer/network/link_model.h"
#include "analyzer/training/estimator.h"
#include "analyzer/training/separable.h"

namespace sextant::sailor {

/// The smallest tensor degree of a stage starts from 4 there, so 8 counts as 4 in the all-reduce.
inline constexpr int kLargestDegreeInSync = 4;

/// Sizes of unsharded layers, which the model takes for messages and gradients at every degree.
struct Layers {
  std::vector<double> output_bytes;  ///< of one sequence
  std::vector<double> parameter_bytes;
};
Layers unsharded_layers(const ModelProfile& profile);

/// Bytes of parameter state per byte of parameter.
double state_factor(const Job& job);
/// What the fit check allows for everything but state and activations.
double allowance_bytes(int tp);
/// Ring all-reduce of `bytes` among `replicas`, bucket by bucket (§b).
struct AllReduce {
  double full_buckets_s = 0;
  double last_bucket_s = 0;
  double total_s() const { return full_buckets_s + last_bucket_s; }
};
AllReduce all_reduce(const LinkModel& link, double bytes, int replicas);
/// How often a stage's transfers count, by its place (§c.2).
SeparableCosts::Weights place_weights(int stage, int stages);

/// Microbatches of the busiest replica.
int microbatches_of(const Plan& plan);

/// Where the artifact's code does otherwise than its fit check and its paper.
struct Switches {
  /// Bytes in place of allowance_bytes, at every tensor degree.
  std::optional<double> allowance = {};
  /// Replicas are listed GPU by GPU, of which the artifact sees several machines: in place of their
  /// compute it takes the all-reduces of their tensor parallelism alone.
  bool drops_compute_of_tensor_parallel_replicas = false;
};
/// View one.
Prediction predict(const TrainingProblem& problem, const Plan& plan, const Switches& switches = {});
/// View two.
std::unique_ptr<SeparableCosts> separable(const TrainingProblem& problem, int microbatch);

}  // namespace sextant::sailor
