#pragma once

#include <compare>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/core/evidence.h"

namespace sextant {

/// From the 10th to the 90th percentile, seconds; both 0 where the spread is not known.
struct TimeSpread {
  double p10_s = 0;
  double p90_s = 0;
};

/// Time of one layer on one tensor-parallel rank for one microbatch, seconds.
struct LayerTime {
  double forward_s = 0;
  double backward_s = 0;
  double update_s = 0;  ///< optimizer step; see ModelProfile::update_is_whole_step
  TimeSpread forward_spread = {};
  TimeSpread backward_spread = {};
  TimeSpread update_spread = {};
};

/// A collective among tensor-parallel ranks that a profiler recorded but did not run.
struct TensorCollective {
  std::string operation;  ///< "all_reduce", "all_gather", "reduce_scatter"
  std::string phase;      ///< "forward", "backward" or "update" (gradients of what ranks share)
  double bytes = 0;
};

/// What only a profiler that trained the layer knows, bytes on one rank.
struct TrainingMemory {
  double gradient_bytes = 0;
  double optimizer_state_bytes = 0;
  double forward_workspace_bytes = 0;   ///< largest transient beside what is kept
  double backward_workspace_bytes = 0;  ///< likewise, beside parameters, gradients, activations
  double update_workspace_bytes = 0;    ///< likewise, of the optimizer's step
  /// Peak of the layer trained by itself: parameters, gradients, optimizer state, activations and
  /// workspace of one microbatch.
  double alone_peak_bytes = 0;
};

/// Memory of one layer on one tensor-parallel rank at one microbatch of one sequence, bytes.
struct LayerMemory {
  double parameter_bytes = 0;
  double input_bytes = 0;
  double output_bytes = 0;
  double saved_activation_bytes = 0;
  /// Where a profiler measured them: gradients and optimizer state as they are, workspaces at one
  /// sequence like the activations. alone_peak_bytes is not carried over.
  std::optional<TrainingMemory> training = {};
};

/// One measured (or estimated) point: every layer of a model on one GPU type at one tensor degree
/// and microbatch size.
struct ProfilePoint {
  std::vector<LayerTime> layers;
  Evidence evidence = Evidence::kEstimated;
  std::string source;  ///< file it came from
  /// By layer, where collectives are not in the times and have to be priced; else empty.
  std::vector<std::vector<TensorCollective>> collectives = {};
};

struct PointKey {
  std::string gpu;
  int tp = 1;
  int microbatch = 1;
  auto operator<=>(const PointKey&) const = default;
};

/// Everything the estimators know of one model in one variant (dtype, sequence length, options):
/// timing points and memory tables. Layers are numbered 0 … layer_count-1 in pipeline order.
struct ModelProfile {
  std::string model;
  std::string variant;  ///< "fp32", "bf16-recompute", … or "artifact/simulator"
  int layer_count = 0;
  bool recompute = false;          ///< measured with activation recomputation
  bool sequence_parallel = false;  ///< measured with sequence parallelism
  std::map<PointKey, ProfilePoint> points;
  /// By tensor degree; of layer_count entries each.
  std::map<int, std::vector<LayerMemory>> memory;
  /// True where update_s of every layer holds the step of the whole profiled (reduced) model, as
  /// the published profiler wrote it, and so must not be summed.
  bool update_is_whole_step = false;
  /// What a reader accepted although it is odd (optimizer steps of zero, missing points, …), one
  /// sentence each, for the user.
  std::vector<std::string> notes;

  /// Null where it was not measured.
  const ProfilePoint* find(std::string_view gpu, int tp, int microbatch) const;
  /// Throws Error(kBadInput) that names what is missing and what there is.
  const ProfilePoint& at(std::string_view gpu, int tp, int microbatch) const;
  const std::vector<LayerMemory>& memory_at(int tp) const;

  std::vector<std::string> gpus() const;
  /// Sorted microbatch sizes with a point for `gpu` at any tensor degree.
  std::vector<int> microbatches(std::string_view gpu) const;
  /// Sorted tensor degrees with a point for `gpu` at `microbatch`.
  std::vector<int> tensor_degrees(std::string_view gpu, int microbatch) const;
  /// The weakest evidence of any point of the given GPU types.
  Evidence evidence(const std::vector<std::string>& gpus) const;
};

}  // namespace sextant
