#pragma once

#include <memory>

#include "profiler/model/parameters.h"

namespace sextant::profiler {

/// What stands before the blocks: token table, projection, positions.
class Embedding : public Layer {
 public:
  Embedding(const LayerSetup& setup, const LayerShape& shape);

  LayerKind kind() const override { return LayerKind::kEmbedding; }
  at::Tensor forward(const at::Tensor& input, Marks* operators) override;

  /// Token ids [tokens] -> [outer tokens, hidden]; `rows` of the position table (int64 [outer
  /// tokens], or [1] for all) is ignored where positions are rotary.
  at::Tensor embed(const at::Tensor& ids, const at::Tensor& rows, Marks* operators) const;
  /// Row of the position table at which sequences begin.
  std::int64_t first_row() const { return first_row_; }

 private:
  TensorParallel parallel_;
  at::Tensor table_;
  at::Tensor projection_;  ///< undefined where the embedding is as wide as the model
  at::Tensor positions_;   ///< undefined where positions are rotary
  std::int64_t first_row_ = 0;
  at::Tensor rows_;  ///< of the position table, of each outer token of forward()
};

class FinalNorm : public Layer {
 public:
  explicit FinalNorm(const LayerSetup& setup);

  LayerKind kind() const override { return LayerKind::kFinalNorm; }
  at::Tensor forward(const at::Tensor& input, Marks* operators) override;

 private:
  Norm norm_;
};

/// Projection, logits and loss.
class Head : public Layer {
 public:
  Head(const LayerSetup& setup, const LayerShape& shape);

  LayerKind kind() const override { return LayerKind::kHead; }
  at::Tensor forward(const at::Tensor& input, Marks* operators) override;
  /// [outer tokens, hidden] -> [tokens, this rank's rows of the vocabulary].
  at::Tensor logits(const at::Tensor& input, Marks* operators) const;

  void set_labels(const at::Tensor& labels) { labels_ = labels; }
  /// Throws Error(kInternal) where the model's head is not tied.
  void tie(const at::Tensor& table);

 private:
  bool tied_;
  TensorParallel parallel_;
  at::Tensor projection_;  ///< undefined where the embedding is as wide as the model
  at::Tensor labels_;
};

}  // namespace sextant::profiler
