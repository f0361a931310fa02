#include "profiler/model/ends.h"

#include <ATen/ATen.h>
#include <algorithm>

#include "analyzer/core/error.h"
#include "profiler/model/buffers.h"
#include "profiler/model/vocabulary.h"

namespace sextant::profiler {

namespace {

/// Ranks have equal ranges of the vocabulary.
Sharding by_rows() {
  return {Sharding::Kind::kRows, {}, {}};
}

}  // namespace

Embedding::Embedding(const LayerSetup& setup, const LayerShape& shape)
    : Layer(setup.buffers), parallel_(tensor_parallel(setup)) {
  const ModelDescription& model = setup.model;
  ParameterMaker maker(setup, parameters_);
  table_ = maker.normal("token_embedding.weight", {shape.table_rows, shape.width}, by_rows());
  if (shape.width != shape.hidden) {
    projection_ = maker.normal("project_in.weight", {shape.hidden, shape.width}, {});
  }
  if (model.position != Position::kLearned) return;
  positions_ =
      maker.normal("position_embedding.weight", {model.learned_positions, shape.hidden}, {});
  // OPT numbers positions from 2, as long as its table lasts.
  const std::int64_t spare = model.learned_positions - shape.seq_len;
  first_row_ = model.family == "opt" ? std::min<std::int64_t>(2, spare) : 0;
  const std::int64_t first = parallel_.sequence ? parallel_.group->rank() * shape.outer_tokens : 0;
  rows_ = buffers_->positions(first, first + shape.outer_tokens, shape.seq_len, first_row_,
                              setup.device);
}

at::Tensor Embedding::embed(const at::Tensor& ids, const at::Tensor& rows, Marks* operators) const {
  at::Tensor x = close_region(look_up(table_, ids, *parallel_.group), parallel_);
  x = mark(x, "token_embedding", operators);
  if (projection_.defined()) x = mark(product(x, projection_, {}), "project_in", operators);
  if (!positions_.defined()) return x;
  return mark(x + at::embedding(positions_, rows), "position_embedding", operators);
}

at::Tensor Embedding::forward(const at::Tensor& input, Marks* operators) {
  return embed(input, rows_, operators);
}

FinalNorm::FinalNorm(const LayerSetup& setup)
    : Layer(setup.buffers), norm_({setup, parameters_}, "final_norm") {}

at::Tensor FinalNorm::forward(const at::Tensor& input, Marks* operators) {
  return mark(norm_.forward(input), "final_norm", operators);
}

Head::Head(const LayerSetup& setup, const LayerShape& shape)
    : Layer(setup.buffers), tied_(setup.model.tied_embeddings), parallel_(tensor_parallel(setup)) {
  ParameterMaker maker(setup, parameters_);
  if (shape.width != shape.hidden) {
    projection_ = maker.normal("project_out.weight", {shape.width, shape.hidden}, {});
  }
  maker.normal("logits.weight", {shape.table_rows, shape.width}, by_rows());
}

at::Tensor Head::logits(const at::Tensor& input, Marks* operators) const {
  at::Tensor x = input;
  if (projection_.defined()) x = mark(product(x, projection_, {}), "project_out", operators);
  return mark(column_product(x, parameters_.back().tensor, {}, parallel_), "logits", operators);
}

at::Tensor Head::forward(const at::Tensor& input, Marks* operators) {
  if (!labels_.defined()) throw Error(ErrorCode::kInternal, "a head without labels");
  const at::Tensor loss = cross_entropy(logits(input, operators), labels_, *parallel_.group);
  return mark(loss, "loss", operators);
}

void Head::tie(const at::Tensor& table) {
  if (!tied_) throw Error(ErrorCode::kInternal, "a model whose head has a table of its own");
  parameters_.back().tensor = table;
}

}  // namespace sextant::profiler
