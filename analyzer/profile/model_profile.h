#pragma once

#include <compare>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/core/evidence.h"

namespace sextant {

/// Time of one layer on one tensor-parallel rank for one microbatch, seconds.
struct LayerTime {
  double forward_s = 0;
  double backward_s = 0;
  double update_s = 0;  ///< optimizer step; see ModelProfile::update_is_whole_step
};

/// Memory of one layer on one tensor-parallel rank at one microbatch of one sequence, bytes.
struct LayerMemory {
  double parameter_bytes = 0;
  double input_bytes = 0;
  double output_bytes = 0;
  double saved_activation_bytes = 0;
};

/// One measured (or estimated) point: every layer of a model on one GPU type at one tensor degree
/// and microbatch size.
struct ProfilePoint {
  std::vector<LayerTime> layers;
  Evidence evidence = Evidence::kEstimated;
  std::string source;  ///< file it came from
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
