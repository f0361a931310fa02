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
  AttentionPart(ParameterMaker& maker, const LayerShape& shape, const TensorParallel& parallel,
                std::shared_ptr<SharedBuffers> buffers, bool windowed);

  /// [outer tokens, hidden] -> the same.
  at::Tensor forward(const at::Tensor& x, Marks* marks) const;

  /// Its first operators: [outer tokens, hidden] -> [tokens, queries | keys | values], turned by
  /// `turns` (SharedBuffers::turns) where positions are rotary.
  at::Tensor queries_keys_values(const at::Tensor& x, const at::Tensor& turns, Marks* marks) const;
  /// Its last one: [tokens, heads * head_dim] -> [outer tokens, hidden].
  at::Tensor output(const at::Tensor& attended, Marks* marks) const;

  bool rotary() const { return rotary_; }
  const AttentionShape& shape() const { return shape_; }

 private:
  Weights qkv_;
  Weights output_;
  AttentionShape shape_;
  TensorParallel parallel_;
  std::shared_ptr<SharedBuffers> buffers_;
  bool rotary_;
  std::int64_t window_;  ///< tokens; 0 = all
};

}  // namespace sextant::profiler
