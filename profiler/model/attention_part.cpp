#include "profiler/model/attention_part.h"

#include <ATen/ATen.h>
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "profiler/model/activations.h"

namespace sextant::profiler {

namespace {

/// GPT-Neo was trained without the scaling of scores.
double score_scale(const ModelDescription& model) {
  return model.family == "gpt_neo" ? 1.0 : 1.0 / std::sqrt(static_cast<double>(model.head_dim));
}

/// Queries, keys and values one below the other, each split by heads; where there are fewer
/// key-value heads than ranks, several ranks hold the same.
Sharding qkv_sharding(const ModelDescription& model, int tp) {
  const std::int64_t query = std::int64_t{1} * model.heads * model.head_dim;
  const std::int64_t key_value = std::int64_t{1} * model.kv_heads * model.head_dim;
  const int repeats = std::max(1, tp / model.kv_heads);
  return {Sharding::Kind::kParts, {query, key_value, key_value}, {1, repeats, repeats}};
}

}  // namespace

AttentionPart::AttentionPart(ParameterMaker maker, const LayerShape& shape,
                             const TensorParallel& parallel, std::shared_ptr<SharedBuffers> buffers,
                             bool windowed)
    : shape_{shape.sequences, shape.seq_len,  shape.heads,
             shape.kv_heads,  shape.head_dim, score_scale(maker.model())},
      parallel_(parallel),
      buffers_(std::move(buffers)),
      rotary_(maker.model().position == Position::kRotary),
      window_(windowed ? maker.model().attention_window : 0) {
  const ModelDescription& model = maker.model();
  if (rotary_ && model.head_dim % 2 != 0) {
    throw_bad_input(fmt::format("model {}: heads are {} wide; rotary positions need an even width",
                                quote(model.name), model.head_dim));
  }
  const std::int64_t query = shape.heads * shape.head_dim;
  qkv_ = maker.product("attention_qkv", query + 2 * shape.kv_heads * shape.head_dim, shape.hidden,
                       model.attention_bias, qkv_sharding(model, maker.tp()));
  output_ = maker.product("attention_output", shape.hidden, query, model.output_bias,
                          {Sharding::Kind::kColumns, {}, {}});
}

at::Tensor AttentionPart::queries_keys_values(const at::Tensor& x, const at::Tensor& turns,
                                              Marks* marks) const {
  at::Tensor qkv =
      mark(column_product(x, qkv_.weight, qkv_.bias, parallel_), "attention_qkv", marks);
  if (!rotary_) return qkv;
  return mark(rotate(qkv, shape_.heads + shape_.kv_heads, turns), "rotary", marks);
}

at::Tensor AttentionPart::output(const at::Tensor& attended, Marks* marks) const {
  return mark(row_product(attended, output_.weight, output_.bias, parallel_), "attention_output",
              marks);
}

at::Tensor AttentionPart::turns(std::int64_t first, std::int64_t tokens, at::Device device) const {
  if (!rotary_) return {};
  return buffers_->turns(shape_.seq_len, shape_.head_dim, device).narrow(0, first, tokens);
}

at::Tensor AttentionPart::mask(std::int64_t tokens, const at::Tensor& like) const {
  if (window_ == 0 || window_ >= tokens) return {};
  return buffers_->window_mask(tokens, window_, like.scalar_type(), like.device());
}

at::Tensor AttentionPart::forward(const at::Tensor& x, Marks* marks) const {
  const at::Tensor qkv = queries_keys_values(x, turns(0, shape_.seq_len, x.device()), marks);
  return output(mark(attend(qkv, shape_, mask(shape_.seq_len, x)), "attention", marks), marks);
}

}  // namespace sextant::profiler
