#include "analyzer/model/operators.h"

#include <algorithm>

#include "analyzer/core/error.h"
#include "analyzer/model/rank_shape.h"

namespace sextant {

namespace {

constexpr double kFloatBytes = 4;  // statistics, probabilities and softmax stay fp32
constexpr double kIdBytes = 8;     // token ids and labels are int64

/// Collects operators; knows how the cost of each class follows from its shape.
class OperatorList {
 public:
  explicit OperatorList(const RankShape& shape) : shape_(shape) {}

  /// y = x W + bias over `tokens` rows; `copies` weight matrices share them (experts). `kept_rows`
  /// rows of x are kept for backward.
  OperatorCost& product(std::string_view name, double tokens, double in, double out, double bias,
                        double kept_rows, double copies = 1) {
    const double weights = copies * in * out;
    const double e = shape_.element;
    OperatorCost& op = add(name, OperatorClass::kMatmul);
    op.parameters = weights + copies * bias;
    op.forward_flops = 2 * tokens * in * out;
    op.backward_flops = 2 * op.forward_flops;
    op.forward_moved_bytes = e * (tokens * (in + out) + op.parameters);
    // dx = dy Wᵀ, then W's gradient += xᵀ dy, read and written.
    op.backward_moved_bytes =
        e * (tokens * (in + out) + weights) + e * (tokens * (in + out) + 2 * op.parameters);
    op.saved_bytes = e * kept_rows * in;
    return op;
  }

  /// Elements moved in each direction.
  OperatorCost& pointwise(std::string_view name, double forward, double backward) {
    OperatorCost& op = add(name, OperatorClass::kPointwise);
    op.forward_moved_bytes = shape_.element * forward;
    op.backward_moved_bytes = shape_.element * backward;
    return op;
  }

  OperatorCost& norm(std::string_view name, const ModelDescription& model) {
    const bool layer_norm = model.norm == Normalization::kLayerNorm;
    const double elements = shape_.outer_tokens * shape_.hidden;
    OperatorCost& op = pointwise(name, 2 * elements, 3 * elements);  // backward: x, dy, dx
    op.parameters = (layer_norm ? 2 : 1) * shape_.hidden;
    op.saved_bytes =
        shape_.element * elements + shape_.outer_tokens * kFloatBytes * (layer_norm ? 2 : 1);
    return op;
  }

  void residual(std::string_view name) {
    const double elements = shape_.outer_tokens * shape_.hidden;
    pointwise(name, 3 * elements, 2 * elements);  // backward: both branches receive the gradient
  }

  std::vector<OperatorCost> take() { return std::move(operators_); }

 private:
  OperatorCost& add(std::string_view name, OperatorClass kind) {
    OperatorCost& op = operators_.emplace_back();
    op.name = name;
    op.kind = kind;
    return op;
  }

  const RankShape& shape_;
  std::vector<OperatorCost> operators_;
};

/// The all-reduce around a split region: `forward` closes it, `backward` opens it.
void reduce_forward(OperatorCost& op, double bytes, const RankShape& shape) {
  if (shape.tp > 1) op.all_reduce_bytes_forward += bytes;
}
void reduce_backward(OperatorCost& op, double bytes, const RankShape& shape) {
  if (shape.tp > 1) op.all_reduce_bytes_backward += bytes * (shape.sequence_parallel ? 1.5 : 1);
}

void add_attention(OperatorList& list, const ModelDescription& model, const RankShape& shape,
                   int block) {
  const double e = shape.element;
  const double stream_bytes = e * shape.tokens * shape.hidden;
  const double qkv = shape.query + 2 * shape.key_value;

  OperatorCost& projection = list.product("attention_qkv", shape.tokens, shape.hidden, qkv,
                                          model.attention_bias ? qkv : 0, shape.outer_tokens);
  reduce_backward(projection, stream_bytes, shape);
  if (model.position == Position::kRotary) {
    const double rotated = 2 * shape.tokens * (shape.query + shape.key_value);
    list.pointwise("rotary", rotated, rotated);
  }

  const double window = has_window(model, block)
                            ? std::min<double>(model.attention_window, shape.seq_len)
                            : shape.seq_len;
  const double pairs = shape.sequences * (window * shape.seq_len - window * window / 2);
  const double kept = shape.tokens * (qkv + shape.query);
  OperatorCost& attention = list.pointwise("attention", kept, 2 * kept);
  attention.kind = OperatorClass::kAttention;
  attention.forward_flops = 2 * 2 * pairs * shape.query;  // scores, then weighted values
  constexpr double kFusedBackward = 2.5;                  // five products for forward's two
  attention.backward_flops = kFusedBackward * attention.forward_flops;
  attention.saved_bytes = e * kept + kFloatBytes * shape.tokens * shape.heads;

  OperatorCost& output = list.product("attention_output", shape.tokens, shape.query, shape.hidden,
                                      model.output_bias ? shape.hidden : 0, 0);
  reduce_forward(output, stream_bytes, shape);
}

/// The products and the activation between; `rows` tokens over `experts` weight sets.
void add_ffn(OperatorList& list, const ModelDescription& model, const RankShape& shape, double rows,
             double kept_rows, double experts) {
  const double inputs = model.activation == Activation::kSwiGlu ? 2 : 1;
  const double inner = rows * shape.ffn;
  const double stream_bytes = shape.element * shape.tokens * shape.hidden;

  OperatorCost& up = list.product("ffn_up", rows, shape.hidden, inputs * shape.ffn,
                                  model.ffn_bias ? inputs * shape.ffn : 0, kept_rows, experts);
  reduce_backward(up, stream_bytes, shape);
  OperatorCost& activation =
      list.pointwise(to_string(model.activation), (inputs + 1) * inner, (2 * inputs + 1) * inner);
  if (model.activation != Activation::kRelu) {
    activation.saved_bytes = shape.element * inputs * inner;
  }
  OperatorCost& down = list.product("ffn_down", rows, shape.ffn, shape.hidden,
                                    model.ffn_bias ? shape.hidden : 0, rows, experts);
  reduce_forward(down, stream_bytes, shape);
}

void add_experts(OperatorList& list, const ModelDescription& model, const RankShape& shape) {
  // Balanced routing: every token goes to experts_per_token experts, none is dropped.
  const double dealt = shape.tokens * model.experts_per_token;
  const double elements = dealt * shape.hidden;
  OperatorCost& router =
      list.product("router", shape.tokens, shape.hidden, model.experts, 0, shape.outer_tokens);
  router.saved_bytes += kFloatBytes * shape.tokens * model.experts;
  list.pointwise("dispatch", 2 * elements, 2 * elements);
  add_ffn(list, model, shape, dealt, dealt, model.experts);
  OperatorCost& combine = list.pointwise("combine", elements + shape.tokens * shape.hidden,
                                         2 * elements + shape.tokens * shape.hidden);
  combine.saved_bytes = shape.element * elements;
}

std::vector<OperatorCost> block_operators(const ModelDescription& model, const RankShape& shape,
                                          int block) {
  OperatorList list(shape);
  const auto ffn = [&] {
    if (model.experts > 0) {
      add_experts(list, model, shape);
    } else {
      add_ffn(list, model, shape, shape.tokens, shape.outer_tokens, 1);
    }
  };
  if (!model.norm_after) list.norm("attention_norm", model);
  add_attention(list, model, shape, block);
  list.residual("attention_residual");
  if (model.norm_after) list.norm("attention_norm", model);
  if (!model.norm_after) list.norm("ffn_norm", model);
  ffn();
  list.residual("ffn_residual");
  if (model.norm_after) list.norm("ffn_norm", model);
  return list.take();
}

std::vector<OperatorCost> embedding_operators(const ModelDescription& model,
                                              const RankShape& shape) {
  OperatorList list(shape);
  const double elements = shape.tokens * shape.width;
  OperatorCost& table = list.pointwise("token_embedding", 2 * elements, 3 * elements);
  table.parameters = shape.table_rows * shape.width;
  table.saved_bytes = kIdBytes * shape.tokens;
  reduce_forward(table, shape.element * elements, shape);
  if (model.embedding_width != model.hidden) {
    list.product("project_in", shape.outer_tokens, shape.width, shape.hidden, 0,
                 shape.outer_tokens);
  }
  if (model.position == Position::kLearned) {
    const double hidden = shape.outer_tokens * shape.hidden;
    OperatorCost& positions = list.pointwise("position_embedding", 3 * hidden, 2 * hidden);
    positions.parameters = double{1} * model.learned_positions * shape.hidden;
  }
  return list.take();
}

std::vector<OperatorCost> head_operators(const ModelDescription& model, const RankShape& shape) {
  OperatorList list(shape);
  if (model.embedding_width != model.hidden) {
    list.product("project_out", shape.outer_tokens, shape.hidden, shape.width, 0,
                 shape.outer_tokens);
  }
  OperatorCost& logits =
      list.product("logits", shape.tokens, shape.width, shape.table_rows, 0, shape.outer_tokens);
  reduce_backward(logits, shape.element * shape.tokens * shape.width, shape);

  // Maximum, sum and own logit of each token are reduced among the ranks, one fp32 each.
  constexpr double kReductions = 3;
  const double scores = shape.tokens * shape.table_rows;
  OperatorCost& loss = list.pointwise("loss", scores, scores);
  loss.forward_moved_bytes += kFloatBytes * scores;
  loss.backward_moved_bytes += kFloatBytes * scores;
  loss.saved_bytes = kFloatBytes * scores + kIdBytes * shape.tokens;
  reduce_forward(loss, kReductions * kFloatBytes * shape.tokens, shape);
  return list.take();
}

}  // namespace

std::vector<OperatorCost> layer_operators(const ModelDescription& model, LayerKind kind,
                                          const LayerOptions& options, int block) {
  const RankShape shape = rank_shape(model, options);
  switch (kind) {
    case LayerKind::kEmbedding:
      return embedding_operators(model, shape);
    case LayerKind::kBlock:
      return block_operators(model, shape, block);
    case LayerKind::kFinalNorm: {
      OperatorList list(shape);
      list.norm("final_norm", model);
      return list.take();
    }
    case LayerKind::kHead:
      return head_operators(model, shape);
  }
  throw Error(ErrorCode::kInternal, "a layer kind outside its enumeration");
}

}  // namespace sextant
