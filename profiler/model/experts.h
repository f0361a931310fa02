#pragma once

#include <ATen/core/Tensor.h>
#include <vector>

namespace sextant::profiler {

/// Which experts each token goes to. A copy is a token at one of its experts.
struct Routing {
  at::Tensor gates;  ///< fp32 [tokens, copies of each]: softmax over the experts chosen
  /// int64 [copies]: where each copy stands once copies are sorted by expert; copies of a token
  /// follow each other here.
  at::Tensor sorted_place;
  at::Tensor sorted_token;           ///< int64 [copies]: the token of each sorted copy
  std::vector<std::int64_t> counts;  ///< copies of each expert; waits for the device
};

/// The `copies` experts with the greatest logits [tokens, experts] for each token; no token is
/// dropped. Keeps the fp32 softmax over all experts, and the choice.
Routing route(const at::Tensor& logits, std::int64_t copies);

/// [tokens, hidden] -> the copies sorted by expert [copies, hidden]. Keeps places only.
at::Tensor dispatch(const at::Tensor& x, const Routing& routing);

/// y = x Wᵀ with each expert's own W, weight [experts, out, in], over its own rows of sorted
/// copies. Keeps x.
at::Tensor expert_product(const at::Tensor& x, const at::Tensor& weight, const Routing& routing);

/// The sum of each token's copies, weighted with its gates: [copies, hidden] -> [tokens, hidden].
/// Keeps the copies.
at::Tensor combine(const at::Tensor& copies, const Routing& routing);

}  // namespace sextant::profiler
