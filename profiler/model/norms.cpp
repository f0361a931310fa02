#include "profiler/model/norms.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

namespace sextant::profiler {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

constexpr double kEpsilon = 1e-5;

/// ATen's CPU kernel keeps statistics in the storage type; its CUDA kernel keeps fp32.
at::Tensor widened(const at::Tensor& x) {
  return x.device().is_cpu() ? x.to(at::kFloat) : x;
}

class LayerNorm : public Function<LayerNorm> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& bias) {
    const auto [y, mean, rstd] =
        at::native_layer_norm(widened(x), {x.size(-1)}, widened(weight), widened(bias), kEpsilon);
    context->save_for_backward({x, weight, bias, mean, rstd});
    return y.to(x.scalar_type());
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor& x = saved[0];
    const auto [of_x, of_weight, of_bias] = at::native_layer_norm_backward(
        widened(gradients[0]), widened(x), {x.size(-1)}, saved[3], saved[4], widened(saved[1]),
        widened(saved[2]), {true, true, true});
    return {of_x.to(x.scalar_type()), of_weight.to(x.scalar_type()), of_bias.to(x.scalar_type())};
  }
};

/// y = x / rms(x) * weight. The fused kernels exist for CUDA only.
class RmsNorm : public Function<RmsNorm> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x,
                            const at::Tensor& weight) {
    at::Tensor y;
    at::Tensor rstd;
    if (x.device().is_cuda()) {
      std::tie(y, rstd) = at::_fused_rms_norm(x, {x.size(-1)}, weight, kEpsilon);
    } else {
      const at::Tensor wide = widened(x);
      rstd = wide.square().mean(-1, /*keepdim=*/true).add_(kEpsilon).rsqrt_();
      y = at::mul(wide, rstd).mul_(widened(weight)).to(x.scalar_type());
    }
    context->save_for_backward({x, weight, rstd});
    return y;
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor& x = saved[0];
    const at::Tensor& rstd = saved[2];
    if (x.device().is_cuda()) {
      const auto [of_x, of_weight] =
          at::_fused_rms_norm_backward(gradients[0], x, {x.size(-1)}, rstd, saved[1], {true, true});
      return {of_x, of_weight};
    }
    const at::Tensor gradient = widened(gradients[0]);
    const at::Tensor normal = at::mul(widened(x), rstd);
    const at::Tensor weighted = at::mul(gradient, widened(saved[1]));
    const at::Tensor along = at::mul(weighted, normal).mean(-1, /*keepdim=*/true);
    const at::Tensor of_x = at::mul(at::sub(weighted, at::mul(normal, along)), rstd);
    const at::Tensor of_weight = at::mul(gradient, normal).sum(0);
    return {of_x.to(x.scalar_type()), of_weight.to(x.scalar_type())};
  }
};

}  // namespace

at::Tensor layer_norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  return LayerNorm::apply(x, weight, bias);
}

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight) {
  return RmsNorm::apply(x, weight);
}

}  // namespace sextant::profiler
