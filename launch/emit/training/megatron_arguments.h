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

}  // namespace sextant
