#pragma once

#include <memory>

#include "profiler/model/attention.h"
#include "profiler/model/buffers.h"
#include "profiler/model/marks.h"
#include "profiler/model/parameters.h"

namespace sextant::profiler {

/// Attention of a block: the operators attention_qkv to attention_output, heads split over the
/// ranks.
class AttentionPart {
 public:
  AttentionPart(ParameterMaker maker, const LayerShape& shape, const TensorParallel& parallel,
                std::shared_ptr<SharedBuffers> buffers, bool windowed);

  /// [outer tokens, hidden] -> the same.
  at::Tensor forward(const at::Tensor& x, Marks* marks) const;

  /// Its first operators: [outer tokens, hidden] -> [tokens, queries | keys | values], turned by
  /// turns() where positions are rotary.
  at::Tensor queries_keys_values(const at::Tensor& x, const at::Tensor& turns, Marks* marks) const;
  /// Its last one: [tokens, heads * head_dim] -> [outer tokens, hidden].
  at::Tensor output(const at::Tensor& attended, Marks* marks) const;

  /// Rotations of positions [first, first + tokens) within the setup's sequence length; undefined
  /// where positions are learned.
  at::Tensor turns(std::int64_t first, std::int64_t tokens, at::Device device) const;
  /// What is added to the scores of `tokens` tokens; undefined where the window reaches them all.
  at::Tensor mask(std::int64_t tokens, const at::Tensor& like) const;

  const AttentionShape& shape() const { return shape_; }
  std::int64_t window() const { return window_; }  ///< tokens; 0 = all

 private:
  Weights qkv_;
  Weights output_;
  AttentionShape shape_;
  TensorParallel parallel_;
  std::shared_ptr<SharedBuffers> buffers_;
  bool rotary_;
  std::int64_t window_;
};

}  // namespace sextant::profiler
