#include "profiler/model/block.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include "profiler/model/saved_pointer.h"

namespace sextant::profiler {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Keeps the input, and runs the block again when its gradient arrives (Chen et al. 2016). The
/// second run is part of backward and passes no marks.
class Recompute : public torch::autograd::Function<Recompute> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, at::TensorList,
                            const Block* block, Marks* marks) {
    save_pointer(context, "block", block);
    context->save_for_backward({x});
    return block->run(x, marks);
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto* block = saved_pointer<const Block>(context, "block");
    variable_list inputs{context->get_saved_variables()[0].detach().requires_grad_()};
    for (const Parameter& parameter : block->parameters()) inputs.push_back(parameter.tensor);
    const at::AutoGradMode with_graph(true);
    const at::Tensor y = block->run(inputs[0], nullptr);
    variable_list of_inputs = torch::autograd::grad({y}, inputs, {gradients[0]});
    of_inputs.resize(of_inputs.size() + 2);  // the block and the marks have none
    return of_inputs;
  }
};

}  // namespace

Block::Block(const LayerSetup& setup, const LayerShape& shape, int block)
    : Layer(setup.buffers),
      norm_after_(setup.model.norm_after),
      recompute_(setup.options.recompute),
      attention_norm_({setup, parameters_}, "attention_norm"),
      attention_({setup, parameters_}, shape, tensor_parallel(setup), buffers_,
                 has_window(setup.model, block)),
      ffn_norm_({setup, parameters_}, "ffn_norm"),
      ffn_(make_feed_forward({setup, parameters_}, shape, tensor_parallel(setup))) {}

at::Tensor Block::run_around(const at::Tensor& x, Marks* marks,
                             const std::function<at::Tensor(const at::Tensor&)>& attend) const {
  if (norm_after_) {
    at::Tensor sum = mark(x + attend(x), "attention_residual", marks);
    const at::Tensor middle = mark(attention_norm_.forward(sum), "attention_norm", marks);
    sum = mark(middle + ffn_->forward(middle, marks), "ffn_residual", marks);
    return mark(ffn_norm_.forward(sum), "ffn_norm", marks);
  }
  at::Tensor normal = mark(attention_norm_.forward(x), "attention_norm", marks);
  const at::Tensor middle = mark(x + attend(normal), "attention_residual", marks);
  normal = mark(ffn_norm_.forward(middle), "ffn_norm", marks);
  return mark(middle + ffn_->forward(normal, marks), "ffn_residual", marks);
}

at::Tensor Block::run(const at::Tensor& x, Marks* marks) const {
  return run_around(x, marks,
                    [&](const at::Tensor& input) { return attention_.forward(input, marks); });
}

at::Tensor Block::forward(const at::Tensor& input, Marks* operators) {
  if (!recompute_) return run(input, operators);
  std::vector<at::Tensor> tensors;
  for (const Parameter& parameter : parameters_) tensors.push_back(parameter.tensor);
  return Recompute::apply(input, at::TensorList(tensors), this, operators);
}

}  // namespace sextant::profiler
