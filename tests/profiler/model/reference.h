#pragma once

#include <ATen/core/Tensor.h>
#include <map>
#include <string>

#include "tests/profiler/model/small_models.h"

namespace sextant::testing {

/// Whole parameters by name, double.
using WholeParameters = std::map<std::string, at::Tensor>;

/// A layer of the whole model on one process, written with plain tensor operations in double
/// precision: no fused kernel, nothing split, nothing shared with the layers it checks. `input` as
/// Layer::forward takes it; `labels` of the head.
at::Tensor reference_forward(const ModelDescription& model, const LayerCase& layer,
                             const WholeParameters& parameters, const at::Tensor& input,
                             const at::Tensor& labels, int microbatch);

}  // namespace sextant::testing
