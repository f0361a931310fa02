#include <algorithm>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/model/operators.h"
#include "analyzer/model/rank_shape.h"

namespace sextant {

namespace {

/// "2 or 4": the legal degrees on both sides of one that is not.
std::string nearest_degrees(const ModelDescription& model, int tp) {
  int below = 1;
  int above = 0;
  for (const int legal : legal_tensor_degrees(model, model.heads)) {
    if (legal < tp) below = legal;
    if (legal > tp && above == 0) above = legal;
  }
  return above == 0 ? fmt::format("{}", below) : fmt::format("{} or {}", below, above);
}

void check_options(const ModelDescription& model, const LayerOptions& options, int seq_len) {
  const int tp = options.tp;
  const auto refuse = [&](std::string_view why) {
    throw_bad_input(fmt::format("model {}: {}", quote(model.name), why));
  };
  if (tp < 1) refuse(fmt::format("tensor degree {}; expected at least 1", tp));
  if (options.microbatch < 1) {
    refuse(fmt::format("microbatch of {} sequences; expected at least 1", options.microbatch));
  }
  if (options.seq_len < 0) refuse(fmt::format("sequence length {}", options.seq_len));
  if (model.position == Position::kLearned && seq_len > model.learned_positions) {
    refuse(fmt::format("sequences of {} tokens exceed its table of {} learned positions", seq_len,
                       model.learned_positions));
  }
  const auto divides = [&](int size, std::string_view what) {
    if (size % tp == 0) return;
    refuse(fmt::format("tensor degree {} does not divide its {} {}; the nearest that does is {}",
                       tp, size, what, nearest_degrees(model, tp)));
  };
  divides(model.heads, "attention heads");
  if (tp % model.kv_heads != 0) divides(model.kv_heads, "key-value heads");
  divides(model.ffn, "feed-forward columns");
  if (options.sequence_parallel && seq_len % tp != 0) {
    refuse(fmt::format("sequence parallelism: tensor degree {} does not divide {} tokens", tp,
                       seq_len));
  }
}

/// The largest set of tensors that lives only while one operator runs, beside what is kept: the
/// gradients on both sides of the widest operator.
double transient_bytes(const ModelDescription& model, LayerKind kind, const RankShape& shape) {
  const double stream = shape.tokens * shape.hidden;
  switch (kind) {
    case LayerKind::kEmbedding:
      return shape.element * shape.tokens * (shape.width + shape.hidden);
    case LayerKind::kBlock: {
      const double inputs = model.activation == Activation::kSwiGlu ? 2 : 1;
      const double dealt = model.experts > 0 ? model.experts_per_token : 1;
      const double ffn = dealt * shape.tokens * (inputs + 1) * shape.ffn;
      const double attention = shape.tokens * (2 * shape.query + 2 * shape.key_value);
      return shape.element * (stream + std::max(ffn, attention));
    }
    case LayerKind::kFinalNorm:
      return shape.element * 2 * shape.outer_tokens * shape.hidden;
    case LayerKind::kHead:  // the logits, or their gradient, and the gradient of the input
      return shape.element * (shape.tokens * shape.table_rows + stream);
  }
  throw Error(ErrorCode::kInternal, "a layer kind outside its enumeration");
}

}  // namespace

RankShape rank_shape(const ModelDescription& model, const LayerOptions& options) {
  const int seq_len = options.seq_len > 0 ? options.seq_len : model.seq_len;
  check_options(model, options, seq_len);
  const int tp = options.tp;
  RankShape shape;
  shape.tp = tp;
  shape.sequence_parallel = options.sequence_parallel && tp > 1;
  shape.element = element_bytes(options.dtype);
  shape.sequences = options.microbatch;
  shape.seq_len = seq_len;
  shape.tokens = shape.sequences * shape.seq_len;
  shape.outer_tokens = shape.sequence_parallel ? shape.tokens / tp : shape.tokens;
  shape.hidden = model.hidden;
  shape.heads = model.heads / tp;
  shape.query = shape.heads * model.head_dim;
  shape.key_value = double{1} * std::max(1, model.kv_heads / tp) * model.head_dim;
  shape.ffn = model.ffn / tp;
  shape.width = model.embedding_width;
  shape.table_rows = padded_vocab(model, tp) / tp;
  return shape;
}

LayerCost layer_cost(const ModelDescription& model, LayerKind kind, const LayerOptions& options,
                     int block) {
  constexpr double kIdBytes = 8;
  constexpr double kLossBytes = 4;
  const RankShape shape = rank_shape(model, options);
  LayerCost cost;
  for (const OperatorCost& op : layer_operators(model, kind, options, block)) {
    cost.parameters += op.parameters;
    cost.saved_activation_bytes += op.saved_bytes;
    cost.forward_flops += op.forward_flops;
    cost.backward_flops += op.backward_flops;
    cost.forward_moved_bytes += op.forward_moved_bytes;
    cost.backward_moved_bytes += op.backward_moved_bytes;
    cost.tp_all_reduce_bytes_forward += op.all_reduce_bytes_forward;
    cost.tp_all_reduce_bytes_backward += op.all_reduce_bytes_backward;
  }
  const double stream_bytes = shape.element * shape.outer_tokens * shape.hidden;
  cost.parameter_bytes = cost.parameters * shape.element;
  cost.input_bytes = kind == LayerKind::kEmbedding ? kIdBytes * shape.tokens : stream_bytes;
  cost.output_bytes = kind == LayerKind::kHead ? kLossBytes * shape.tokens : stream_bytes;
  cost.workspace_bytes = transient_bytes(model, kind, shape);

  // Full recomputation (Korthikanti et al. 2022): a block keeps its input, and has its own
  // activations only while its backward runs.
  if (options.recompute && kind == LayerKind::kBlock) {
    cost.workspace_bytes += cost.saved_activation_bytes - cost.input_bytes;
    cost.saved_activation_bytes = cost.input_bytes;
    cost.backward_flops += cost.forward_flops;
    cost.backward_moved_bytes += cost.forward_moved_bytes;
    cost.tp_all_reduce_bytes_backward += cost.tp_all_reduce_bytes_forward;
  }
  return cost;
}

}  // namespace sextant
