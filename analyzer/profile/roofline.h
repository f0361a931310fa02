#pragma once

#include <vector>

#include "analyzer/model/model.h"
#include "analyzer/profile/gpu.h"
#include "analyzer/profile/model_profile.h"

namespace sextant {

struct RooflineOptions {
  /// Empty: the legal powers of two up to the GPUs of a node.
  std::vector<int> tensor_degrees;
  std::vector<int> microbatches = {1, 2, 4, 8};
  DataType dtype = DataType::kBf16;
  int seq_len = 0;  ///< tokens; 0 = the model's own
  bool recompute = false;
  bool sequence_parallel = false;
  /// Between the GPUs of one node, one direction; 0 = the GPU's NVLink, or PCIe where it has none.
  double link_bytes_per_s = 0;
  double link_latency_s = 5e-6;  ///< a step of a ring all-reduce
};

/// A profile from data-sheet numbers alone, for GPUs that nobody has measured yet; every point is
/// Evidence::kEstimated. An operator takes the longer of its FLOPs and its bytes at the attainable
/// share of the GPU's peaks, at least one kernel launch (Williams et al. 2009); a layer takes the
/// sum of its operators and of its tensor-parallel ring all-reduces, not overlapped; an update is
/// Adam's memory traffic, by layer. Throws Error(kBadInput) where the GPU cannot compute in the
/// data type, or a tensor degree does not divide the model.
ModelProfile estimate_profile(const ModelDescription& model, const GpuSpec& gpu,
                              const RooflineOptions& options = {});

}  // namespace sextant
