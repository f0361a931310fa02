#pragma once

#include <string>
#include <vector>

#include "launch/emit/training/launch_target.h"

namespace sextant {

/// Arguments that Megatron-LM and its descendant Megatron-DeepSpeed read alike: sizes, degrees,
/// batch, iterations, precision, optimizer, tokenizer; one "--flag value" each. Whoever emits them
/// names the documentation.
std::vector<std::string> megatron_family_arguments(const LaunchJob& job,
                                                   const LaunchOptions& options);

/// What neither of them can build of the model, and neither can do with the job; a sentence each.
std::vector<std::string> megatron_family_obstacles(const LaunchJob& job, std::string_view engine);

/// Whether cuBLAS may use TF32 where a job computes in fp32: "1", "0", or "" of 16-bit types. To
/// these engines fp32 and TF32 are one; it is PyTorch's environment that says which
/// (TORCH_ALLOW_TF32_CUBLAS_OVERRIDE), and containers set it.
std::string tf32_override(DataType dtype);

}  // namespace sextant
