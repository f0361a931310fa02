#pragma once

#include <ATen/core/Tensor.h>

#include "profiler/model/collectives.h"

namespace sextant::profiler {

/// Rows of the table [this rank's rows, width] that `ids` (int64 [tokens], of the whole vocabulary)
/// name; zeros where another rank has the row. Keeps the ids only.
at::Tensor look_up(const at::Tensor& table, const at::Tensor& ids, const Collectives& group);

/// Mean over tokens of the cross entropy of `logits` [tokens, this rank's rows of the vocabulary]
/// against `labels` (int64 [tokens]), fp32 whatever the storage type is, as Megatron-LM computes
/// it: each token's maximum, own logit and sum of exponentials are reduced over the ranks. Keeps
/// the fp32 softmax and the labels; fp32 `logits` become that softmax. Backward can run once.
at::Tensor cross_entropy(const at::Tensor& logits, const at::Tensor& labels, Collectives& group);

}  // namespace sextant::profiler
