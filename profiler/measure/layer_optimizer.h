#pragma once

#include <ATen/core/Tensor.h>
#include <vector>

#include "analyzer/model/model.h"
#include "profiler/model/layer.h"
#include "profiler/protocol/profile_request.h"

namespace sextant::profiler {

/// What the loss is multiplied by before backward, so that small gradients survive: a power of two
/// for fp16, 1 for types with the range of fp32.
double loss_scale(DataType dtype);

/// The optimizer of one layer's parameters. AdamW (Loshchilov & Hutter 2019) with fp32 moments, or
/// SGD with fp32 momentum, in one fused kernel sequence over all parameters of the layer. 16-bit
/// parameters have an fp32 master copy, which is updated and rounded back; fp16 gradients are
/// unscaled, and a step with an infinite one is skipped on the device.
class LayerOptimizer {
 public:
  LayerOptimizer(const std::vector<Parameter>& parameters, Optimizer optimizer, DataType dtype);

  /// One step from the parameters' gradients, which are then zeroed for the next accumulation.
  void step();

  /// Moments and master copies.
  double state_bytes() const;

 private:
  void update(const std::vector<at::Tensor>& targets, const std::vector<at::Tensor>& gradients);

  Optimizer optimizer_;
  double scale_;
  std::vector<at::Tensor> parameters_;
  std::vector<at::Tensor> masters_;  ///< empty where the parameters are fp32
  std::vector<at::Tensor> first_moments_;
  std::vector<at::Tensor> second_moments_;  ///< of AdamW
  std::vector<at::Tensor> steps_;           ///< of AdamW, one scalar each
  at::Tensor scale_tensor_;                 ///< undefined where nothing is scaled
  at::Tensor found_infinite_;
};

}  // namespace sextant::profiler
