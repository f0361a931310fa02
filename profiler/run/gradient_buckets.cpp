#include "profiler/run/gradient_buckets.h"

#include <ATen/ATen.h>

namespace sextant::profiler {

namespace {

/// Gradients begin where an allocator would let them begin: fused kernels like it.
constexpr std::int64_t kAlignmentBytes = 512;

std::int64_t padded_elements(const at::Tensor& parameter) {
  const std::int64_t step = kAlignmentBytes / static_cast<std::int64_t>(parameter.element_size());
  return (parameter.numel() + step - 1) / step * step;
}

}  // namespace

GradientBuckets::GradientBuckets(const std::vector<at::Tensor>& parameters) {
  std::size_t begin = 0;
  while (begin < parameters.size()) {
    std::int64_t elements = 0;
    std::size_t end = begin;
    while (end < parameters.size()) {
      const std::int64_t more = padded_elements(parameters[end]);
      const double bytes = static_cast<double>(elements + more) *
                           static_cast<double>(parameters[end].element_size());
      if (end > begin && bytes > kBucketBytes) break;
      elements += more;
      ++end;
    }
    const at::Tensor bucket = at::zeros({elements}, parameters[begin].options());
    std::int64_t first = 0;
    for (; begin < end; ++begin) {
      const at::Tensor& parameter = parameters[begin];
      parameter.mutable_grad() = bucket.narrow(0, first, parameter.numel()).view(parameter.sizes());
      first += padded_elements(parameter);
    }
    buckets_.push_back(bucket);
  }
}

void GradientBuckets::sum_over(Collectives& group) {
  for (at::Tensor& bucket : buckets_) group.all_reduce_sum(bucket);
}

}  // namespace sextant::profiler
