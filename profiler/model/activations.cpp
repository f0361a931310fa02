#include "profiler/model/activations.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

namespace sextant::profiler {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

class SwiGlu : public Function<SwiGlu> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& gate_up) {
    context->save_for_backward({gate_up});
    const std::int64_t ffn = gate_up.size(1) / 2;
    return at::silu(gate_up.narrow(1, 0, ffn)).mul_(gate_up.narrow(1, ffn, ffn));
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const at::Tensor gate_up = context->get_saved_variables()[0];
    const at::Tensor& gradient = gradients[0];
    const std::int64_t ffn = gate_up.size(1) / 2;
    const at::Tensor gate = gate_up.narrow(1, 0, ffn);
    const at::Tensor up = gate_up.narrow(1, ffn, ffn);
    at::Tensor of_both = at::empty_like(gate_up);
    at::Tensor of_gate = of_both.narrow(1, 0, ffn);
    at::Tensor of_up = of_both.narrow(1, ffn, ffn);
    at::silu_out(of_up, gate).mul_(gradient);
    at::mul_out(of_gate, gradient, up);
    at::silu_backward_out(of_gate, of_gate, gate);
    return {of_both};
  }
};

/// Multiplies by `turns` in place.
void turn(const at::Tensor& qkv, std::int64_t heads, const at::Tensor& turns) {
  const std::int64_t sequence = turns.size(0);
  const std::int64_t head_dim = 2 * turns.size(1);
  const at::Tensor turned = qkv.narrow(1, 0, heads * head_dim)
                                .view({qkv.size(0) / sequence, sequence, heads, head_dim / 2, 2});
  const at::Tensor by = turns.unsqueeze(1);
  if (qkv.scalar_type() == at::kFloat) {
    at::view_as_complex(turned).mul_(by);
  } else {  // there is no complex bf16
    const at::Tensor wide = turned.to(at::kFloat);
    at::view_as_complex(wide).mul_(by);
    turned.copy_(wide);
  }
}

class Rotate : public Function<Rotate> {
 public:
  static at::Tensor forward(AutogradContext* context, at::Tensor qkv, std::int64_t heads,
                            const at::Tensor& turns) {
    context->mark_dirty({qkv});
    context->saved_data["heads"] = heads;
    context->saved_data["turns"] = turns;  // a buffer that layers share, no activation
    turn(qkv, heads, turns);
    return qkv;
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    // In place, as nobody else holds it: attention's gradients were put together for this.
    const at::Tensor gradient = gradients[0].contiguous();
    turn(gradient, context->saved_data["heads"].toInt(),
         context->saved_data["turns"].toTensor().conj());
    return {gradient, {}, {}};
  }
};

}  // namespace

at::Tensor swiglu(const at::Tensor& gate_up) {
  return SwiGlu::apply(gate_up);
}

at::Tensor rotate(const at::Tensor& qkv, std::int64_t heads, const at::Tensor& turns) {
  return Rotate::apply(qkv, heads, turns);
}

}  // namespace sextant::profiler
