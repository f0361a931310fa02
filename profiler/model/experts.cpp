#include "profiler/model/experts.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

namespace sextant::profiler {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

/// logits -> gates of the chosen experts, and their numbers.
class Choose : public Function<Choose> {
 public:
  static variable_list forward(AutogradContext* context, const at::Tensor& logits,
                               std::int64_t copies) {
    const at::Tensor probabilities = at::softmax(logits, -1, at::kFloat);
    const auto [largest, experts] = probabilities.topk(copies, -1);
    context->save_for_backward({probabilities, experts});
    context->mark_non_differentiable({experts});
    context->saved_data["type"] = logits.scalar_type();
    return {largest / largest.sum(-1, /*keepdim=*/true), experts};
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    // gates g = p / Σp over the chosen are the softmax of the chosen logits alone.
    const variable_list saved = context->get_saved_variables();
    const at::Tensor chosen = saved[0].gather(1, saved[1]);
    const at::Tensor gates = chosen / chosen.sum(-1, /*keepdim=*/true);
    const at::Tensor along = at::mul(gates, gradients[0]).sum(-1, /*keepdim=*/true);
    const at::Tensor of_chosen = at::mul(gates, gradients[0] - along);
    const at::Tensor of_logits = at::zeros_like(saved[0]).scatter_(1, saved[1], of_chosen);
    return {of_logits.to(context->saved_data["type"].toScalarType()), {}};
  }
};

class Dispatch : public Function<Dispatch> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x,
                            const at::Tensor& sorted_token, const at::Tensor& sorted_place) {
    context->save_for_backward({sorted_place});
    context->saved_data["tokens"] = x.size(0);
    return x.index_select(0, sorted_token);
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const at::Tensor sorted_place = context->get_saved_variables()[0];
    const std::int64_t tokens = context->saved_data["tokens"].toInt();
    const std::int64_t hidden = gradients[0].size(1);
    const at::Tensor by_token =
        gradients[0].index_select(0, sorted_place).view({tokens, -1, hidden});
    return {by_token.sum(1), {}, {}};
  }
};

/// Calls work(expert, its first row, its rows) for experts that have rows.
template <typename Work>
void for_each_expert(at::IntArrayRef counts, const Work& work) {
  std::int64_t first = 0;
  for (std::size_t expert = 0; expert < counts.size(); ++expert) {
    if (counts[expert] > 0) work(static_cast<std::int64_t>(expert), first, counts[expert]);
    first += counts[expert];
  }
}

/// Results are written where they belong: neither concatenations nor gradients of slices.
class ExpertProduct : public Function<ExpertProduct> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const std::vector<std::int64_t>& counts) {
    context->save_for_backward({x, weight});
    context->saved_data["counts"] = counts;
    at::Tensor y = at::empty({x.size(0), weight.size(1)}, x.options());
    for_each_expert(counts, [&](std::int64_t expert, std::int64_t first, std::int64_t rows) {
      at::Tensor own = y.narrow(0, first, rows);
      at::mm_out(own, x.narrow(0, first, rows), weight.select(0, expert).t());
    });
    return y;
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor& x = saved[0];
    const at::Tensor& weight = saved[1];
    const at::Tensor& gradient = gradients[0];
    const std::vector<std::int64_t> counts = context->saved_data["counts"].toIntVector();
    const at::Tensor of_x = at::empty_like(x);
    const at::Tensor of_weight = at::empty_like(weight);
    for (std::size_t expert = 0; expert < counts.size(); ++expert) {
      if (counts[expert] == 0) of_weight.select(0, static_cast<std::int64_t>(expert)).zero_();
    }
    for_each_expert(counts, [&](std::int64_t expert, std::int64_t first, std::int64_t rows) {
      const at::Tensor of_y = gradient.narrow(0, first, rows);
      at::Tensor of_rows = of_x.narrow(0, first, rows);
      at::mm_out(of_rows, of_y, weight.select(0, expert));
      at::Tensor of_own = of_weight.select(0, expert);
      at::mm_out(of_own, of_y.t(), x.narrow(0, first, rows));
    });
    return {of_x, of_weight, {}};
  }
};

class Combine : public Function<Combine> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& copies,
                            const at::Tensor& gates, const at::Tensor& sorted_place) {
    const at::Tensor by_token =
        copies.index_select(0, sorted_place).view({gates.size(0), gates.size(1), copies.size(1)});
    context->save_for_backward({by_token, gates, sorted_place});
    return at::mul(by_token, gates.to(copies.scalar_type()).unsqueeze(2)).sum(1);
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor& by_token = saved[0];
    const at::Tensor gradient = gradients[0].unsqueeze(1);
    const at::Tensor of_gates = at::mul(by_token, gradient).sum(-1, false, at::kFloat);
    const at::Tensor weighted = at::mul(gradient, saved[1].to(by_token.scalar_type()).unsqueeze(2));
    at::Tensor of_copies = at::empty({saved[2].size(0), by_token.size(2)}, by_token.options());
    of_copies.index_copy_(0, saved[2], weighted.view_as(of_copies));
    return {of_copies, of_gates, {}};
  }
};

}  // namespace

Routing route(const at::Tensor& logits, std::int64_t copies) {
  const variable_list chosen = Choose::apply(logits, copies);
  const at::NoGradGuard guard;
  const at::Tensor experts = chosen[1].flatten();
  const at::Tensor order = at::argsort(experts, /*stable=*/true);
  Routing routing;
  routing.gates = chosen[0];
  routing.sorted_token = order.div(copies, "floor");
  routing.sorted_place =
      at::empty_like(order).scatter_(0, order, at::arange(order.size(0), order.options()));
  const at::Tensor counts = at::zeros({logits.size(1)}, experts.options())
                                .scatter_add_(0, experts, at::ones_like(experts));
  const at::Tensor on_host = counts.to(at::kCPU);
  const auto* values = on_host.const_data_ptr<std::int64_t>();
  routing.counts.assign(values, values + on_host.numel());
  return routing;
}

at::Tensor dispatch(const at::Tensor& x, const Routing& routing) {
  return Dispatch::apply(x, routing.sorted_token, routing.sorted_place);
}

at::Tensor expert_product(const at::Tensor& x, const at::Tensor& weight, const Routing& routing) {
  return ExpertProduct::apply(x, weight, routing.counts);
}

at::Tensor combine(const at::Tensor& copies, const Routing& routing) {
  return Combine::apply(copies, routing.gates, routing.sorted_place);
}

}  // namespace sextant::profiler
