#pragma once

#include <ATen/core/Tensor.h>
#include <vector>

#include "profiler/model/collectives.h"

namespace sextant::profiler {

/// The gradients of parameters, laid one after the other into buckets that replicas sum as a whole.
class GradientBuckets {
 public:
  /// As large as the buckets of PyTorch's DistributedDataParallel (bucket_cap_mb); a larger
  /// parameter has one of its own.
  static constexpr double kBucketBytes = 25.0 * (1 << 20);

  /// Gives each parameter a gradient of zeros to accumulate into; none may stand twice.
  explicit GradientBuckets(const std::vector<at::Tensor>& parameters);

  void sum_over(Collectives& group);

  std::size_t count() const { return buckets_.size(); }

 private:
  std::vector<at::Tensor> buckets_;
};

}  // namespace sextant::profiler
