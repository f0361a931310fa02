#include "profiler/measure/layer_optimizer.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

namespace sextant::profiler {

namespace {

// Values of GPT-3's training; they change no cost.
constexpr double kLearningRate = 1e-4;
constexpr double kBeta1 = 0.9;
constexpr double kBeta2 = 0.95;
constexpr double kWeightDecay = 0.1;
constexpr double kEpsilon = 1e-8;
constexpr double kMomentum = 0.9;

std::vector<at::Tensor> zeros_like(const std::vector<at::Tensor>& tensors) {
  std::vector<at::Tensor> out;
  for (const at::Tensor& tensor : tensors) {
    out.push_back(at::zeros_like(tensor, tensor.options().dtype(at::kFloat)));
  }
  return out;
}

double bytes_of(const std::vector<at::Tensor>& tensors) {
  double bytes = 0;
  for (const at::Tensor& tensor : tensors) bytes += static_cast<double>(tensor.nbytes());
  return bytes;
}

}  // namespace

double loss_scale(DataType dtype) {
  return dtype == DataType::kFp16 ? 65536.0 : 1.0;
}

LayerOptimizer::LayerOptimizer(const std::vector<Parameter>& parameters, Optimizer optimizer,
                               DataType dtype)
    : optimizer_(optimizer), scale_(loss_scale(dtype)) {
  const c10::NoGradGuard no_grad;
  for (const Parameter& parameter : parameters) parameters_.push_back(parameter.tensor);
  if (parameters_.empty()) return;
  if (element_bytes(dtype) < element_bytes(DataType::kFp32)) {
    for (const at::Tensor& parameter : parameters_) {
      masters_.push_back(parameter.detach().to(at::kFloat));
    }
  }
  first_moments_ = zeros_like(parameters_);
  const at::TensorOptions scalar = parameters_.front().options().dtype(at::kFloat);
  if (optimizer_ == Optimizer::kAdamW) {
    second_moments_ = zeros_like(parameters_);
    for (std::size_t i = 0; i < parameters_.size(); ++i) steps_.push_back(at::zeros({}, scalar));
  }
  if (scale_ != 1) {
    scale_tensor_ = at::full({}, scale_, scalar);
    found_infinite_ = at::zeros({}, scalar);
  }
}

void LayerOptimizer::step() {
  if (parameters_.empty()) return;
  const c10::NoGradGuard no_grad;
  std::vector<at::Tensor> gradients;
  for (const at::Tensor& parameter : parameters_) gradients.push_back(parameter.grad());
  if (masters_.empty()) {
    update(parameters_, gradients);
  } else {
    std::vector<at::Tensor> exact;
    for (const at::Tensor& gradient : gradients) exact.push_back(gradient.to(at::kFloat));
    update(masters_, exact);
    at::_foreach_copy_(parameters_, masters_);
  }
  at::_foreach_zero_(gradients);
}

void LayerOptimizer::update(const std::vector<at::Tensor>& targets,
                            const std::vector<at::Tensor>& gradients) {
  std::optional<at::Tensor> infinite;
  if (scale_tensor_.defined()) {
    found_infinite_.zero_();
    at::_amp_foreach_non_finite_check_and_unscale_(gradients, found_infinite_,
                                                   scale_tensor_.reciprocal());
    infinite = found_infinite_;
  }
  if (optimizer_ == Optimizer::kAdamW) {
    at::_foreach_add_(steps_, 1);
    at::_fused_adamw_(targets, gradients, first_moments_, second_moments_, {}, steps_,
                      kLearningRate, kBeta1, kBeta2, kWeightDecay, kEpsilon, /*amsgrad=*/false,
                      /*maximize=*/false, std::nullopt, infinite);
  } else {
    at::_fused_sgd_(targets, gradients, first_moments_, kWeightDecay, kMomentum, kLearningRate,
                    /*dampening=*/0, /*nesterov=*/false, /*maximize=*/false,
                    /*is_first_step=*/false, std::nullopt, infinite);
  }
}

double LayerOptimizer::state_bytes() const {
  return bytes_of(masters_) + bytes_of(first_moments_) + bytes_of(second_moments_) +
         bytes_of(steps_);
}

}  // namespace sextant::profiler
