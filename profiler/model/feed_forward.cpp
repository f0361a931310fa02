#include "profiler/model/feed_forward.h"

#include <ATen/ATen.h>

#include "analyzer/core/error.h"
#include "profiler/model/activations.h"
#include "profiler/model/experts.h"

namespace sextant::profiler {

namespace {

/// What stands between the products.
class Inner {
 public:
  explicit Inner(const ModelDescription& model)
      : activation_(model.activation),
        // GPT-2 and GPT-Neo were trained with GELU's tanh form, others that have GELU with erf.
        gelu_(model.family == "gpt2" || model.family == "gpt_neo" ? "tanh" : "none") {}

  bool gated() const { return activation_ == Activation::kSwiGlu; }

  at::Tensor forward(const at::Tensor& x, Marks* marks) const {
    return mark(activate(x), to_string(activation_), marks);
  }

 private:
  at::Tensor activate(const at::Tensor& x) const {
    switch (activation_) {
      case Activation::kRelu:
        return at::relu(x);
      case Activation::kGelu:
        return at::gelu(x, gelu_);
      case Activation::kSwiGlu:
        return swiglu(x);
    }
    throw Error(ErrorCode::kInternal, "an activation outside its enumeration");
  }

  Activation activation_;
  std::string_view gelu_;
};

/// Gate and up one below the other, each split; without a gate, up alone.
Sharding up_sharding(const ModelDescription& model) {
  if (model.activation != Activation::kSwiGlu) return {Sharding::Kind::kRows, {}, {}};
  return {Sharding::Kind::kParts, {model.ffn, model.ffn}, {1, 1}};
}

class Dense : public FeedForward {
 public:
  Dense(ParameterMaker maker, const LayerShape& shape, const TensorParallel& parallel)
      : inner_(maker.model()), parallel_(parallel) {
    const ModelDescription& model = maker.model();
    up_ = maker.product("ffn_up", (inner_.gated() ? 2 : 1) * shape.ffn, shape.hidden,
                        model.ffn_bias, up_sharding(model));
    down_ = maker.product("ffn_down", shape.hidden, shape.ffn, model.ffn_bias,
                          {Sharding::Kind::kColumns, {}, {}});
  }

  at::Tensor forward(const at::Tensor& x, Marks* marks) const override {
    at::Tensor y = mark(column_product(x, up_.weight, up_.bias, parallel_), "ffn_up", marks);
    y = inner_.forward(y, marks);
    return mark(row_product(y, down_.weight, down_.bias, parallel_), "ffn_down", marks);
  }

 private:
  Inner inner_;
  TensorParallel parallel_;
  Weights up_;
  Weights down_;
};

/// Every rank sees every token and has its part of each expert's inner width. A token's experts are
/// chosen where the token is, then the logits are brought together as the activations are, so that
/// the gates' gradients, of which each rank has a summand, are summed too.
class Experts : public FeedForward {
 public:
  Experts(ParameterMaker maker, const LayerShape& shape, const TensorParallel& parallel)
      : inner_(maker.model()), parallel_(parallel), copies_(maker.model().experts_per_token) {
    const std::int64_t experts = maker.model().experts;
    router_ = maker.normal("router.weight", {experts, shape.hidden}, {});
    up_ =
        maker.normal("ffn_up.weight", {experts, (inner_.gated() ? 2 : 1) * shape.ffn, shape.hidden},
                     up_sharding(maker.model()));
    down_ = maker.normal("ffn_down.weight", {experts, shape.hidden, shape.ffn},
                         {Sharding::Kind::kColumns, {}, {}});
  }

  at::Tensor forward(const at::Tensor& x, Marks* marks) const override {
    Routing routing = route(open_region(product(x, router_, {}), parallel_), copies_);
    routing.gates = mark(routing.gates, "router", marks);
    at::Tensor y = mark(dispatch(open_region(x, parallel_), routing), "dispatch", marks);
    y = mark(expert_product(y, up_, routing), "ffn_up", marks);
    y = inner_.forward(y, marks);
    y = mark(expert_product(y, down_, routing), "ffn_down", marks);
    return mark(close_region(combine(y, routing), parallel_), "combine", marks);
  }

 private:
  Inner inner_;
  TensorParallel parallel_;
  std::int64_t copies_;
  at::Tensor router_;
  at::Tensor up_;
  at::Tensor down_;
};

}  // namespace

std::unique_ptr<FeedForward> make_feed_forward(ParameterMaker maker, const LayerShape& shape,
                                               const TensorParallel& parallel) {
  if (maker.model().experts > 0) return std::make_unique<Experts>(maker, shape, parallel);
  return std::make_unique<Dense>(maker, shape, parallel);
}

}  // namespace sextant::profiler
