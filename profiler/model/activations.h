#pragma once

#include <ATen/core/Tensor.h>

namespace sextant::profiler {

/// silu(gate) * up of [rows, gate | up] -> [rows, ffn]. Keeps its input only: backward computes
/// silu(gate) again.
at::Tensor swiglu(const at::Tensor& gate_up);

/// Rotary positions (Su et al. 2021) on `heads`, [tokens, heads * head_dim | rest], in place on its
/// first `heads` heads: neighbouring elements of a head are the real and imaginary part of what is
/// turned by its position's angle, as in Llama's published reference (other codes pair the halves
/// of a head, which permutes rows of the weights). `turns` complex64 [tokens or 1 sequence,
/// head_dim / 2] repeats every turns.size(0) tokens. Keeps nothing of its own.
at::Tensor rotate(const at::Tensor& qkv, std::int64_t heads, const at::Tensor& turns);

}  // namespace sextant::profiler
