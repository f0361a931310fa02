#pragma once

#include <ATen/core/Tensor.h>

namespace sextant::profiler {

/// Heads of one rank, of `sequences` sequences of equal length.
struct AttentionShape {
  std::int64_t sequences = 0;
  std::int64_t seq_len = 0;
  std::int64_t heads = 0;
  std::int64_t kv_heads = 0;
  std::int64_t head_dim = 0;
  double scale = 0;  ///< of the scores
};

/// Causal attention. qkv [tokens, queries | keys | values] -> [tokens, heads * head_dim] by
/// LibTorch's fused kernels. `mask` [seq_len, seq_len] is added to the scores in place of the
/// causal mask, where it is defined.
at::Tensor attend(const at::Tensor& qkv, const AttentionShape& shape, const at::Tensor& mask);

/// Queries [b, heads, m, head_dim], keys and values [b, kv_heads, n, head_dim] -> [b, heads, m,
/// head_dim]. With `causal` m equals n. Repeats keys and values only where no fused kernel takes
/// fewer of them than queries.
at::Tensor fused_attention(const at::Tensor& queries, at::Tensor keys, at::Tensor values,
                           const at::Tensor& mask, bool causal, double scale);

}  // namespace sextant::profiler
