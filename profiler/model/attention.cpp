#include "profiler/model/attention.h"

#include <ATen/ATen.h>

namespace sextant::profiler {

namespace {

/// [b, kv_heads, n, d] -> [b, heads, n, d], each head for heads / kv_heads queries.
at::Tensor repeated(const at::Tensor& x, std::int64_t heads) {
  const std::int64_t times = heads / x.size(1);
  return x.unsqueeze(2)
      .expand({x.size(0), x.size(1), times, x.size(2), x.size(3)})
      .reshape({x.size(0), heads, x.size(2), x.size(3)});
}

}  // namespace

at::Tensor fused_attention(const at::Tensor& queries, at::Tensor keys, at::Tensor values,
                           const at::Tensor& mask, bool causal, double scale) {
  const std::int64_t heads = queries.size(1);
  bool grouped = keys.size(1) != heads;
  // On CUDA only the flash kernel takes grouped heads, and it takes neither fp32 nor masks: without
  // copies attention would fall back to materialised scores.
  const bool flash = !mask.defined() && queries.scalar_type() != at::kFloat;
  if (grouped && queries.is_cuda() && !flash) {
    keys = repeated(keys, heads);
    values = repeated(values, heads);
    grouped = false;
  }
  const std::optional<at::Tensor> bias = mask.defined() ? std::optional(mask) : std::nullopt;
  return at::scaled_dot_product_attention(queries, keys, values, bias, /*dropout_p=*/0.0,
                                          causal && !mask.defined(), scale, grouped);
}

at::Tensor attend(const at::Tensor& qkv, const AttentionShape& shape, const at::Tensor& mask) {
  const std::int64_t all_heads = shape.heads + 2 * shape.kv_heads;
  // One split, whose backward is one concatenation; slices would each fill a whole gradient.
  const std::vector<at::Tensor> parts =
      at::split_with_sizes(qkv.view({shape.sequences, shape.seq_len, all_heads, shape.head_dim}),
                           {shape.heads, shape.kv_heads, shape.kv_heads}, 2);
  const at::Tensor out =
      fused_attention(parts[0].transpose(1, 2), parts[1].transpose(1, 2), parts[2].transpose(1, 2),
                      mask, /*causal=*/true, shape.scale);
  return out.transpose(1, 2).reshape({qkv.size(0), shape.heads * shape.head_dim});
}

}  // namespace sextant::profiler
