#include "profiler/model/regions.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "profiler/model/saved_pointer.h"

namespace sextant::profiler {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

constexpr const char* kGroup = "group";
constexpr const char* kLater = "later";

/// Identity; gradients are summed.
class Copy : public Function<Copy> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, Collectives* group) {
    save_pointer(context, kGroup, group);
    return x.detach();
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    // In place, as nobody else holds it: a product made it, or the sum of two gradients.
    at::Tensor sum = gradients[0].contiguous();
    saved_pointer<Collectives>(context, kGroup)->all_reduce_sum(sum);
    return {sum, {}};
  }
};

/// Sum over the ranks; the gradient passes.
class Reduce : public Function<Reduce> {
 public:
  static at::Tensor forward(AutogradContext* context, at::Tensor partial, Collectives* group) {
    context->mark_dirty({partial});
    group->all_reduce_sum(partial);
    return partial;
  }
  static variable_list backward(AutogradContext*, const variable_list& gradients) {
    return {gradients[0], {}};
  }
};

/// All ranks' tokens; gradients are summed and scattered.
class Gather : public Function<Gather> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, Collectives* group) {
    save_pointer(context, kGroup, group);
    return group->all_gather(x);
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    return {saved_pointer<Collectives>(context, kGroup)->reduce_scatter(gradients[0].contiguous()),
            {}};
  }
};

/// The own tokens of the sum; gradients are gathered.
class Scatter : public Function<Scatter> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& partial,
                            Collectives* group) {
    save_pointer(context, kGroup, group);
    return group->reduce_scatter(partial);
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    return {saved_pointer<Collectives>(context, kGroup)->all_gather(gradients[0].contiguous()), {}};
  }
};

/// Adds a product's weight and bias gradient to the parameters'.
void add_gradients(const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& gradient,
                   const at::Tensor& input) {
  weight.mutable_grad().addmm_(gradient.t(), input);
  if (bias.defined()) bias.mutable_grad().add_(gradient.sum(0));
}

/// A product whose weight gradient is left for later.
class PutOffProduct : public Function<PutOffProduct> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const std::optional<at::Tensor>& bias, WeightGradients* later) {
    save_pointer(context, kLater, later);
    context->save_for_backward({x, weight, bias.value_or(at::Tensor())});
    return at::linear(x, weight, bias);
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor gradient = gradients[0];
    saved_pointer<WeightGradients>(context, kLater)
        ->put_off([x = saved[0].detach(), weight = saved[1], bias = saved[2], gradient] {
          add_gradients(weight, bias, gradient, x);
        });
    return {at::mm(gradient, saved[1]), {}, {}, {}};
  }
};

/// A product of gathered tokens that keeps the rank's own tokens only.
class GatheredProduct : public Function<GatheredProduct> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const std::optional<at::Tensor>& bias, Collectives* group,
                            WeightGradients* later) {
    save_pointer(context, kGroup, group);
    save_pointer(context, kLater, later);
    context->save_for_backward({x, weight, bias.value_or(at::Tensor())});
    const at::Tensor all = group->all_gather(x);
    return bias ? at::addmm(*bias, all, weight.t()) : at::mm(all, weight.t());
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    auto* group = saved_pointer<Collectives>(context, kGroup);
    const variable_list saved = context->get_saved_variables();
    const at::Tensor gradient = gradients[0];
    if (auto* later = saved_pointer<WeightGradients>(context, kLater); later != nullptr) {
      later->put_off([x = saved[0].detach(), weight = saved[1], bias = saved[2], gradient, group] {
        add_gradients(weight, bias, gradient, group->all_gather(x));
      });
      return {group->reduce_scatter(at::mm(gradient, saved[1])), {}, {}, {}, {}};
    }
    const at::Tensor all = group->all_gather(saved[0]);
    const at::Tensor of_x = group->reduce_scatter(at::mm(gradient, saved[1]));
    const at::Tensor of_bias = saved[2].defined() ? gradient.sum(0) : at::Tensor{};
    return {of_x, at::mm(gradient.t(), all), of_bias, {}, {}};
  }
};

std::optional<at::Tensor> optional(const at::Tensor& tensor) {
  return tensor.defined() ? std::optional(tensor) : std::nullopt;
}

}  // namespace

at::Tensor open_region(const at::Tensor& x, const TensorParallel& parallel) {
  if (!parallel.split()) return x;
  return parallel.sequence ? Gather::apply(x, parallel.group) : Copy::apply(x, parallel.group);
}

at::Tensor close_region(const at::Tensor& partial, const TensorParallel& parallel) {
  if (!parallel.split()) return partial;
  return parallel.sequence ? Scatter::apply(partial, parallel.group)
                           : Reduce::apply(partial, parallel.group);
}

at::Tensor product(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  return at::linear(x, weight, optional(bias));
}

namespace {

at::Tensor own_product(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                       const TensorParallel& parallel) {
  if (parallel.later == nullptr) return product(x, weight, bias);
  return PutOffProduct::apply(x, weight, optional(bias), parallel.later);
}

}  // namespace

at::Tensor column_product(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                          const TensorParallel& parallel) {
  if (parallel.split() && parallel.sequence) {
    return GatheredProduct::apply(x, weight, optional(bias), parallel.group, parallel.later);
  }
  return own_product(open_region(x, parallel), weight, bias, parallel);
}

at::Tensor row_product(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                       const TensorParallel& parallel) {
  if (!parallel.split()) return own_product(x, weight, bias, parallel);
  at::Tensor sum = close_region(own_product(x, weight, {}, parallel), parallel);
  return bias.defined() ? sum.add_(bias) : sum;
}

}  // namespace sextant::profiler
