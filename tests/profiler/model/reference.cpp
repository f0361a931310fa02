#include "tests/profiler/model/reference.h"

#include <ATen/ATen.h>
#include <cmath>
#include <limits>

namespace sextant::testing {

namespace {

constexpr double kEpsilon = 1e-5;

/// The parameters of one model, applied.
class Reference {
 public:
  Reference(const ModelDescription& model, const WholeParameters& parameters, int microbatch)
      : model_(model), parameters_(parameters), microbatch_(microbatch) {}

  at::Tensor norm(const at::Tensor& x, const std::string& name) const {
    if (model_.norm == Normalization::kRmsNorm) {
      return x / (x * x).mean(-1, true).add(kEpsilon).sqrt() * weight(name);
    }
    const at::Tensor centred = x - x.mean(-1, true);
    const at::Tensor variance = (centred * centred).mean(-1, true);
    return centred / variance.add(kEpsilon).sqrt() * weight(name) + bias(name);
  }

  at::Tensor linear(const at::Tensor& x, const std::string& name) const {
    const at::Tensor y = at::matmul(x, weight(name).t());
    return parameters_.contains(name + ".bias") ? y + bias(name) : y;
  }

  at::Tensor embedding(const at::Tensor& ids) const {
    at::Tensor x = weight("token_embedding").index_select(0, ids);
    if (model_.embedding_width != model_.hidden) x = linear(x, "project_in");
    if (model_.position == Position::kRotary) return x;
    const std::int64_t first = model_.family == "opt" ? 2 : 0;
    const at::Tensor rows = weight("position_embedding").slice(0, first, first + model_.seq_len);
    return x + rows.repeat({microbatch_, 1});
  }

  at::Tensor block(const at::Tensor& x, bool windowed) const {
    if (model_.norm_after) {
      const at::Tensor middle = norm(x + attention(x, windowed), "attention_norm");
      return norm(middle + feed_forward(middle), "ffn_norm");
    }
    const at::Tensor middle = x + attention(norm(x, "attention_norm"), windowed);
    return middle + feed_forward(norm(middle, "ffn_norm"));
  }

  at::Tensor loss(const at::Tensor& x, const at::Tensor& labels) const {
    const at::Tensor narrow =
        model_.embedding_width != model_.hidden ? linear(x, "project_out") : x;
    const at::Tensor logits = linear(narrow, "logits");
    const at::Tensor own = logits.gather(1, labels.unsqueeze(1)).squeeze(1);
    return (logits.exp().sum(-1).log() - own).mean();
  }

 private:
  const at::Tensor& weight(const std::string& name) const {
    return parameters_.at(name + ".weight");
  }
  const at::Tensor& bias(const std::string& name) const { return parameters_.at(name + ".bias"); }

  /// [s, d] of one head of one sequence; elements 2i and 2i + 1 turn by position * 10000^(-2i/d).
  at::Tensor turned(const at::Tensor& head) const {
    const std::int64_t half = head.size(1) / 2;
    std::vector<at::Tensor> columns;
    const at::Tensor position = at::arange(head.size(0), at::kDouble);
    for (std::int64_t i = 0; i < half; ++i) {
      const double rate =
          std::pow(10000.0, -2.0 * static_cast<double>(i) / static_cast<double>(head.size(1)));
      const at::Tensor cosine = (position * rate).cos();
      const at::Tensor sine = (position * rate).sin();
      const at::Tensor a = head.select(1, 2 * i);
      const at::Tensor b = head.select(1, 2 * i + 1);
      columns.push_back(a * cosine - b * sine);
      columns.push_back(a * sine + b * cosine);
    }
    return at::stack(columns, 1);
  }

  at::Tensor attention(const at::Tensor& x, bool windowed) const {
    const std::int64_t s = model_.seq_len;
    const std::int64_t d = model_.head_dim;
    const double scale =
        model_.family == "gpt_neo" ? 1 : 1 / std::sqrt(static_cast<double>(model_.head_dim));
    at::Tensor hidden_pairs = at::zeros({s, s}, at::kDouble);
    auto visible = hidden_pairs.accessor<double, 2>();
    for (std::int64_t i = 0; i < s; ++i) {
      for (std::int64_t j = 0; j < s; ++j) {
        const bool seen = j <= i && (!windowed || i - j < model_.attention_window);
        visible[i][j] = seen ? 0 : -std::numeric_limits<double>::infinity();
      }
    }
    const at::Tensor qkv = linear(x, "attention_qkv");
    std::vector<at::Tensor> rows;
    for (int sequence = 0; sequence < microbatch_; ++sequence) {
      const at::Tensor own = qkv.slice(0, sequence * s, (sequence + 1) * s);
      std::vector<at::Tensor> heads;
      for (std::int64_t head = 0; head < model_.heads; ++head) {
        const std::int64_t key_head = head / (model_.heads / model_.kv_heads);
        const std::int64_t first_key = model_.heads + key_head;
        const std::int64_t first_value = model_.heads + model_.kv_heads + key_head;
        at::Tensor query = own.slice(1, head * d, (head + 1) * d);
        at::Tensor key = own.slice(1, first_key * d, (first_key + 1) * d);
        const at::Tensor value = own.slice(1, first_value * d, (first_value + 1) * d);
        if (model_.position == Position::kRotary) {
          query = turned(query);
          key = turned(key);
        }
        const at::Tensor scores = at::matmul(query, key.t()) * scale + hidden_pairs;
        const at::Tensor weights = scores.exp() / scores.exp().sum(-1, true);
        heads.push_back(at::matmul(weights, value));
      }
      rows.push_back(at::cat(heads, 1));
    }
    return linear(at::cat(rows, 0), "attention_output");
  }

  at::Tensor activated(const at::Tensor& inner) const {
    if (model_.activation == Activation::kRelu) return inner * inner.gt(0).to(at::kDouble);
    if (model_.activation == Activation::kSwiGlu) {
      const at::Tensor gate = inner.slice(1, 0, model_.ffn);
      return gate / (gate.neg().exp() + 1) * inner.slice(1, model_.ffn, 2 * model_.ffn);
    }
    if (model_.family == "gpt2" || model_.family == "gpt_neo") {
      const at::Tensor cubic = inner + 0.044715 * inner * inner * inner;
      return 0.5 * inner * ((cubic * std::sqrt(2 / M_PI)).tanh() + 1);
    }
    return 0.5 * inner * ((inner / std::sqrt(2.0)).erf() + 1);
  }

  at::Tensor feed_forward(const at::Tensor& x) const {
    if (model_.experts == 0) return linear(activated(linear(x, "ffn_up")), "ffn_down");
    const at::Tensor exponents = linear(x, "router").exp();
    const at::Tensor chosen = std::get<1>(exponents.topk(model_.experts_per_token, -1));
    const at::Tensor is_chosen = at::zeros_like(exponents).scatter(1, chosen, 1);
    const at::Tensor gates = exponents * is_chosen / (exponents * is_chosen).sum(-1, true);
    at::Tensor sum = at::zeros_like(x);
    for (std::int64_t expert = 0; expert < model_.experts; ++expert) {
      const at::Tensor inner = at::matmul(x, weight("ffn_up").select(0, expert).t());
      const at::Tensor out = at::matmul(activated(inner), weight("ffn_down").select(0, expert).t());
      sum = sum + out * gates.slice(1, expert, expert + 1);
    }
    return sum;
  }

  const ModelDescription& model_;
  const WholeParameters& parameters_;
  int microbatch_;
};

}  // namespace

at::Tensor reference_forward(const ModelDescription& model, const LayerCase& layer,
                             const WholeParameters& parameters, const at::Tensor& input,
                             const at::Tensor& labels, int microbatch) {
  const Reference reference(model, parameters, microbatch);
  switch (layer.kind) {
    case LayerKind::kEmbedding:
      return reference.embedding(input);
    case LayerKind::kBlock:
      return reference.block(input, has_window(model, layer.block));
    case LayerKind::kFinalNorm:
      return reference.norm(input, "final_norm");
    case LayerKind::kHead:
      return reference.loss(input, labels);
  }
  throw std::logic_error("a layer kind outside its enumeration");
}

}  // namespace sextant::testing
