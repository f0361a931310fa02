#include <algorithm>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/model/model.h"

namespace sextant {

namespace {

double norm_parameters(const ModelDescription& model) {
  const double vectors = model.norm == Normalization::kLayerNorm ? 2 : 1;
  return vectors * model.hidden;
}

/// Matrices of the feed-forward block that read the hidden state: gate and up, or up alone.
double input_matrices(const ModelDescription& model) {
  return model.activation == Activation::kSwiGlu ? 2 : 1;
}

/// Query, key, value and output projections, without biases.
double attention_weights(const ModelDescription& model) {
  const double hidden = model.hidden;
  const double query = double{1} * model.heads * model.head_dim;
  const double key_value = double{1} * model.kv_heads * model.head_dim;
  return hidden * (query + 2 * key_value) + query * hidden;
}

/// One expert, or the dense feed-forward block, without biases.
double ffn_weights(const ModelDescription& model) {
  return (input_matrices(model) + 1) * model.hidden * model.ffn;
}

/// Pairs (query, key) of causal attention over one sequence: half of the square, or of its band.
double attention_pairs(double seq_len, double window) {
  if (window <= 0 || window >= seq_len) return seq_len * seq_len / 2;
  return window * seq_len - window * window / 2;
}

}  // namespace

void check(const ModelDescription& model) {
  const auto require = [&](bool condition, std::string_view what) {
    if (!condition) throw_bad_input(fmt::format("model {}: {}", quote(model.name), what));
  };
  require(model.layers > 0 && model.hidden > 0 && model.heads > 0 && model.kv_heads > 0 &&
              model.head_dim > 0 && model.ffn > 0 && model.vocab > 0 && model.seq_len > 0 &&
              model.embedding_width > 0 && model.window_every > 0,
          "every size must be greater than zero");
  require(model.heads % model.kv_heads == 0,
          fmt::format("{} key-value heads do not divide {} heads", model.kv_heads, model.heads));
  require((model.position == Position::kLearned) == (model.learned_positions > 0),
          "learned positions need a table (learned_positions > 0), rotary ones have none");
  require(model.position != Position::kLearned || model.learned_positions >= model.seq_len,
          fmt::format("{} rows of positions are fewer than the sequence length {}",
                      model.learned_positions, model.seq_len));
  require(model.attention_window >= 0, "attention_window must not be negative");
  require(model.experts >= 0 && model.experts_per_token >= 0 &&
              model.experts_per_token <= model.experts &&
              (model.experts == 0) == (model.experts_per_token == 0),
          fmt::format("{} experts a token of {} experts", model.experts_per_token, model.experts));
  require(model.experts == 0 || !model.ffn_bias, "experts with biases are not modelled");
}

std::vector<LayerKind> layer_sequence(const ModelDescription& model) {
  std::vector<LayerKind> layers{LayerKind::kEmbedding};
  layers.insert(layers.end(), static_cast<std::size_t>(model.layers), LayerKind::kBlock);
  if (model.final_norm) layers.push_back(LayerKind::kFinalNorm);
  layers.push_back(LayerKind::kHead);
  return layers;
}

int padded_vocab(const ModelDescription& model, int tp) {
  constexpr int kMultiple = 128;  // Megatron-LM's default of --make-vocab-size-divisible-by
  const int step = kMultiple * tp;
  return (model.vocab + step - 1) / step * step;
}

double parameter_count(const ModelDescription& model) {
  const double hidden = model.hidden;
  const double width = model.embedding_width;
  const double query = double{1} * model.heads * model.head_dim;
  const double key_value = double{1} * model.kv_heads * model.head_dim;

  const double table = model.vocab * width;
  const double projections = model.embedding_width == model.hidden ? 0 : 2 * width * hidden;

  double block = attention_weights(model) + 2 * norm_parameters(model);
  if (model.attention_bias) block += query + 2 * key_value;
  if (model.output_bias) block += hidden;
  if (model.experts > 0) {
    block += hidden * model.experts + model.experts * ffn_weights(model);
  } else {
    block += ffn_weights(model);
    if (model.ffn_bias) block += input_matrices(model) * model.ffn + hidden;
  }

  return table * (model.tied_embeddings ? 1 : 2) + model.learned_positions * hidden + projections +
         model.layers * block + (model.final_norm ? norm_parameters(model) : 0);
}

double training_flops_per_token(const ModelDescription& model, int seq_len) {
  constexpr double kForwardAndBackward = 3;  // each product once forward, twice backward
  constexpr double kMultiplyAdd = 2;
  const double tokens = seq_len > 0 ? seq_len : model.seq_len;
  const double query = double{1} * model.heads * model.head_dim;

  double weights = attention_weights(model);
  weights += model.experts > 0 ? model.experts_per_token * ffn_weights(model) +
                                     double{1} * model.hidden * model.experts
                               : ffn_weights(model);
  weights *= model.layers;
  weights += double{1} * model.vocab * model.embedding_width;
  if (model.embedding_width != model.hidden) weights += 2.0 * model.embedding_width * model.hidden;

  const int windowed = model.attention_window > 0 ? model.layers / model.window_every : 0;
  const double pairs = windowed * attention_pairs(tokens, model.attention_window) +
                       (model.layers - windowed) * attention_pairs(tokens, 0);
  const double scores_and_values = 2 * query * pairs / tokens;
  return kForwardAndBackward * kMultiplyAdd * (weights + scores_and_values);
}

std::vector<int> legal_tensor_degrees(const ModelDescription& model, int max_tp) {
  std::vector<int> degrees;
  for (int tp = 1; tp <= std::min(max_tp, model.heads); ++tp) {
    const bool kv_heads = model.kv_heads % tp == 0 || tp % model.kv_heads == 0;
    if (model.heads % tp == 0 && kv_heads && model.ffn % tp == 0) degrees.push_back(tp);
  }
  return degrees;
}

}  // namespace sextant
