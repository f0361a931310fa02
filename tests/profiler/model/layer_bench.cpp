#include "tests/profiler/model/layer_bench.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include "profiler/model/parameters.h"

namespace sextant::testing {

using profiler::Sharding;

LayerBench::LayerBench(ModelDescription model, LayerCase layer, LayerOptions options)
    : model_(std::move(model)), layer_(layer), options_(options) {
  at::Generator random = at::globalContext().defaultGenerator(at::Device(at::kCPU)).clone();
  random.set_current_seed(17);
  const at::ScalarType type = profiler::scalar_type(options_.dtype);
  const auto normal = [&](at::IntArrayRef shape, double deviation, double mean = 0) {
    const at::Tensor values = at::empty(shape, at::kDouble).normal_(mean, deviation, random);
    return values.to(type).to(at::kDouble);
  };

  LayerOptions whole = options_;
  whole.tp = 1;
  profiler::LoneShard alone(1);
  const profiler::LayerSetup setup{model_, whole, at::Device(at::kCPU), alone};
  const auto of_one_rank = profiler::make_layer(layer_.kind, setup, layer_.block);
  for (const profiler::Parameter& parameter : of_one_rank->parameters()) {
    const bool norm = parameter.name.find("norm.weight") != std::string::npos;
    parameters_[parameter.name] = normal(parameter.tensor.sizes(), 0.2, norm ? 1 : 0);
  }

  const std::int64_t tokens = std::int64_t{1} * options_.microbatch * options_.seq_len;
  const at::TensorOptions ids(at::kLong);
  labels_ = at::randint(0, model_.vocab, {tokens}, random, ids);
  input_ = layer_.kind == LayerKind::kEmbedding
               ? at::randint(0, model_.vocab, {tokens}, random, ids)
               : normal({tokens, model_.hidden}, 1);
  output_gradient_ = layer_.kind == LayerKind::kHead ? at::scalar_tensor(1.5, at::kDouble)
                                                     : normal({tokens, model_.hidden}, 1);
}

LayerBench::Results LayerBench::reference() const {
  WholeParameters leaves;
  for (const auto& [name, value] : parameters_) {
    leaves[name] = value.clone().requires_grad_();
  }
  at::Tensor input = input_.clone();
  if (input.is_floating_point()) input.requires_grad_();
  Results results;
  results.output = reference_forward(model_, layer_, leaves, input, labels_, options_.microbatch);
  torch::autograd::backward({results.output}, {output_gradient_});
  results.input_gradient = input.grad();
  for (const auto& [name, leaf] : leaves) results.gradients[name] = leaf.grad();
  return results;
}

profiler::LayerSetup LayerBench::setup(profiler::Collectives& group) const {
  return {model_, options_, at::Device(at::kCPU), group};
}

std::unique_ptr<profiler::Layer> LayerBench::make(profiler::Collectives& group) const {
  auto layer = profiler::make_layer(layer_.kind, setup(group), layer_.block);
  const at::NoGradGuard guard;
  for (const profiler::Parameter& parameter : layer->parameters()) {
    parameter.tensor.copy_(
        cut(parameters_.at(parameter.name), parameter.sharding, group.rank(), group.size()));
  }
  if (layer_.kind == LayerKind::kHead) profiler::set_labels(*layer, labels_);
  return layer;
}

at::Tensor LayerBench::own_tokens(const at::Tensor& whole,
                                  const profiler::Collectives& group) const {
  if (!options_.sequence_parallel || whole.dim() != 2) return whole;
  const std::int64_t own = whole.size(0) / group.size();
  return whole.narrow(0, own * group.rank(), own);
}

at::Tensor LayerBench::input(const profiler::Collectives& group) const {
  if (!input_.is_floating_point()) return input_;
  return own_tokens(input_, group)
      .to(profiler::scalar_type(options_.dtype))
      .clone()
      .requires_grad_();
}

at::Tensor LayerBench::output_gradient(const profiler::Collectives& group) const {
  if (layer_.kind == LayerKind::kHead) return output_gradient_.to(at::kFloat);
  return own_tokens(output_gradient_, group).to(profiler::scalar_type(options_.dtype)).clone();
}

LayerBench::Results LayerBench::on_rank(profiler::Collectives& group,
                                        profiler::Marks* marks) const {
  const auto layer = make(group);
  const at::Tensor leaf = input(group);
  Results results;
  results.output = layer->forward(leaf, marks);
  torch::autograd::backward({results.output}, {output_gradient(group)});
  profiler::sum_shared_gradients(*layer, setup(group));
  results.input_gradient = leaf.grad();
  for (const profiler::Parameter& parameter : layer->parameters()) {
    results.gradients[parameter.name] = parameter.tensor.grad();
  }
  return results;
}

LayerBench::Results LayerBench::share_of(const Results& whole, profiler::Collectives& group) const {
  Results share;
  share.output = own_tokens(whole.output, group);
  if (whole.input_gradient.defined()) {
    share.input_gradient = own_tokens(whole.input_gradient, group);
  }
  const auto layer = profiler::make_layer(layer_.kind, setup(group), layer_.block);
  for (const profiler::Parameter& parameter : layer->parameters()) {
    share.gradients[parameter.name] =
        cut(whole.gradients.at(parameter.name), parameter.sharding, group.rank(), group.size());
  }
  return share;
}

at::Tensor cut(const at::Tensor& whole, const Sharding& sharding, int rank, int tp) {
  const std::int64_t row = whole.dim() == 1 ? 0 : whole.dim() - 2;
  switch (sharding.kind) {
    case Sharding::Kind::kReplicated:
      return whole;
    case Sharding::Kind::kRows: {
      const std::int64_t own = whole.size(row) / tp;
      return whole.narrow(row, own * rank, own);
    }
    case Sharding::Kind::kColumns: {
      const std::int64_t own = whole.size(-1) / tp;
      return whole.narrow(-1, own * rank, own);
    }
    case Sharding::Kind::kParts: {
      std::vector<at::Tensor> pieces;
      std::int64_t first = 0;
      for (std::size_t i = 0; i < sharding.parts.size(); ++i) {
        const std::int64_t own = sharding.parts[i] * sharding.repeats[i] / tp;
        pieces.push_back(whole.narrow(row, first + own * (rank / sharding.repeats[i]), own));
        first += sharding.parts[i];
      }
      return at::cat(pieces, row);
    }
  }
  throw std::logic_error("a sharding outside its enumeration");
}

double relative_error(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor expected = b.detach().to(at::kDouble);
  const at::Tensor difference = a.detach().to(at::kDouble) - expected;
  return difference.norm().item<double>() / expected.norm().item<double>();
}

}  // namespace sextant::testing
