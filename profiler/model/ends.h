#pragma once

#include <memory>

#include "profiler/model/parameters.h"

namespace sextant::profiler {

/// What stands before and after the blocks.
std::unique_ptr<Layer> make_embedding(const LayerSetup& setup, const LayerShape& shape);
std::unique_ptr<Layer> make_final_norm(const LayerSetup& setup);

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
