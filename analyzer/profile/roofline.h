#pragma once

#include <vector>

#include "analyzer/model/model.h"
#include "analyzer/model/operators.h"
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
  /// Of one step of a ring all-reduce; NCCL's smallest take 10 to 40 µs over 2 to 8 GPUs.
  double link_latency_s = 3e-6;
};

/// Times of operators at the shares of a GPU's data-sheet peaks that are attainable.
class OperatorClock {
 public:
  /// Throws Error(kBadInput) where the GPU cannot compute in the data type.
  OperatorClock(const GpuSpec& gpu, DataType dtype);

  /// The longer of FLOPs and bytes, at least one kernel launch.
  double seconds(OperatorClass kind, double flops, double moved_bytes) const;
  double bytes_per_s() const { return bytes_per_s_; }

 private:
  double flops_per_s_;
  double bytes_per_s_;
};

/// A profile from data-sheet numbers alone, for GPUs that nobody has measured yet; every point is
/// Evidence::kEstimated. An operator takes the longer of its FLOPs and its bytes at the attainable
/// share of the GPU's peaks, at least one kernel launch (Williams et al. 2009); a layer takes the
/// sum of its operators and of its tensor-parallel ring all-reduces, not overlapped; an update is
/// Adam's memory traffic, by layer. Throws Error(kBadInput) where the GPU cannot compute in the
/// data type, or a tensor degree does not divide the model.
ModelProfile estimate_profile(const ModelDescription& model, const GpuSpec& gpu,
                              const RooflineOptions& options = {});

/// The least time that one layer's phases can take on one rank, seconds.
struct LayerRoofline {
  double forward_s = 0;
  double backward_s = 0;  ///< with the forward that recomputation runs again
};

/// The bound that a measured time is compared with: the operators of a layer (its `block`-th, if it
/// is one) at the data sheet's full peaks, each the longer of its FLOPs and its bytes of device
/// memory (Williams et al. 2009); no launches, no communication. An operator that finds its inputs
/// in the L2 cache, or is fused with its neighbour, can be faster than its bytes. Throws
/// Error(kBadInput) as estimate_profile() does.
LayerRoofline layer_roofline(const ModelDescription& model, LayerKind kind,
                             const LayerOptions& options, const GpuSpec& gpu, int block = 0);

}  // namespace sextant
