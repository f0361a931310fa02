#pragma once

#include <cstdint>

#include "profiler/measure/training_step.h"

namespace sextant::profiler {

/// The synthetic tokens of samples [first, first + count) in an iteration, each drawn for itself:
/// whoever computes a sample sees the same tokens. Labels are the tokens that follow.
TrainingBatch sample_tokens(int iteration, int first, int count, int seq_len, int vocab,
                            at::Device device);

}  // namespace sextant::profiler
