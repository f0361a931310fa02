#pragma once

#include <ATen/core/Tensor.h>

namespace sextant::profiler {

/// Normalisation of each row of x [rows, hidden]. Statistics are fp32 whatever the storage type is;
/// the input and per row the mean and 1/sigma, or the 1/rms, are kept for backward. The small
/// number under the root is 1e-5.
at::Tensor layer_norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);
at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight);

}  // namespace sextant::profiler
