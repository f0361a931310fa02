#pragma once

#include <string_view>
#include <vector>

#include "analyzer/model/model.h"

namespace sextant {

/// What bounds an operator's speed.
enum class OperatorClass {
  kMatmul,     ///< a dense product; parameters live here
  kAttention,  ///< fused attention
  kPointwise,  ///< everything that only moves data: norms, activations, sums, look-ups
};

/// One operator of a layer on one tensor-parallel rank. layer_cost() is the sum over a layer.
struct OperatorCost {
  std::string_view name;
  OperatorClass kind = OperatorClass::kPointwise;
  double parameters = 0;  ///< elements
  double forward_flops = 0;
  double backward_flops = 0;
  double forward_moved_bytes = 0;
  double backward_moved_bytes = 0;
  double saved_bytes = 0;  ///< what it alone keeps for backward
  double all_reduce_bytes_forward = 0;
  double all_reduce_bytes_backward = 0;
};

/// The operators of a layer in the order in which forward runs them, without recomputation
/// (options.recompute is layer_cost()'s). A tensor that two operators need in backward is counted
/// once, by the one that is named:
///
///   norm        its input, and per token the fp32 mean and 1/sigma (LayerNorm) or 1/rms (RMSNorm)
///   product     its input, unless the operator before keeps it
///   attention   q, k, v, its output, and an fp32 logsumexp per token and head (FlashAttention;
///               Dao et al. 2022): never the square of scores
///   relu        nothing: its output is the next product's input
///   gelu        its input
///   swiglu      gate and up (fused: silu is recomputed), not silu(gate)
///   router      its input and the fp32 probabilities
///   experts     the copy of the tokens they were dealt; the combination keeps their outputs
///   projection, embedding  the input, or the int64 token ids
///   loss        the fp32 softmax over the vocabulary and the int64 labels
///
/// Dropout is taken as 0. This is the list of Korthikanti et al. 2022 (section 4) with fused
/// attention in place of the s² terms. Tensors outside the split regions are on every rank, or
/// 1/tp of them with sequence parallelism (its section 4.2.2).
///
/// FLOPs are 2mnk of each product; causal attention does half of the square, a window w of s
/// tokens w s - w²/2 pairs; its backward costs 2.5 times its forward, since the fused kernel
/// computes the scores again. Moved bytes: every operator reads its inputs and weights and writes
/// its outputs once. All-reduces: two a block in each direction; with sequence parallelism the
/// reduce-scatter and all-gather that replace one count as one, and gathering the inputs again in
/// backward as half of one.
///
/// Throws as layer_cost() does.
std::vector<OperatorCost> layer_operators(const ModelDescription& model, LayerKind kind,
                                          const LayerOptions& options, int block = 0);

}  // namespace sextant
