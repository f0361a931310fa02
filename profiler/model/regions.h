#pragma once

#include <ATen/core/Tensor.h>

#include "profiler/model/collectives.h"
#include "profiler/model/weight_gradients.h"

namespace sextant::profiler {

/// The group a layer is split over, and how activations stand between its split regions.
struct TensorParallel {
  Collectives* group = nullptr;
  bool sequence = false;  ///< Megatron-LM's sequence parallelism; false where the group is one rank

  WeightGradients* later = nullptr;  ///< see LayerSetup

  bool split() const { return group->size() > 1; }
};

/// Where a layer divides over its group and comes together again, after Megatron-LM (Shoeybi et al.
/// 2019, section 3; with sequence parallelism Korthikanti et al. 2022, section 4.2.2). On one rank
/// each is the identity.

/// [outer tokens, width] -> [tokens, width]: the identity, and gradients are summed over the ranks;
/// with sequence parallelism all ranks' tokens, and the sum of gradients is scattered.
at::Tensor open_region(const at::Tensor& x, const TensorParallel& parallel);

/// Each rank's summand [tokens, width] -> the sum's outer tokens; the other direction of
/// open_region. Without sequence parallelism `partial` itself is overwritten.
at::Tensor close_region(const at::Tensor& partial, const TensorParallel& parallel);

/// y = open_region(x) Wᵀ + bias, W [its share of the outputs, inputs]. With sequence parallelism
/// only the rank's own tokens of x are kept, and gathered again in backward. `bias` may be
/// undefined.
at::Tensor column_product(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                          const TensorParallel& parallel);

/// y = close_region(x Wᵀ) + bias, W [outputs, its share of the inputs], the whole bias on every
/// rank. `bias` may be undefined.
at::Tensor row_product(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                       const TensorParallel& parallel);

/// y = x Wᵀ + bias on this rank alone. `bias` may be undefined.
at::Tensor product(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);

}  // namespace sextant::profiler
