#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "analyzer/model/model.h"
#include "launch/emit/training/launch_target.h"
#include "launch/emit/training/torchrun_nodes.h"

namespace sextant {

// What the folders of engines have in common.

/// Whether cuBLAS may use TF32 where a job computes in fp32: "1", "0", or "" of 16-bit types. To
/// the engines fp32 and TF32 are one; it is PyTorch's environment that says which
/// (TORCH_ALLOW_TF32_CUBLAS_OVERRIDE), and NVIDIA's containers set it.
std::string tf32_override(DataType dtype);
/// The same as a line of environment.sh, or "".
std::string tf32_export(DataType dtype);

/// Throws Error(kUsage) where an image is named: the scripts of engines run where they are started.
void refuse_container(const LaunchOptions& options, std::string_view target);

/// The head of environment.sh: where the engine's checkout lies, in `variable`; `path` "" is left
/// to be filled in.
std::string engine_environment(std::string_view variable, std::string_view engine,
                               const std::string& path);

/// An engine's entry point with its arguments, one "--flag words" each; ends where `variable` is
/// not set.
TorchrunProgram engine_program(std::string name, std::string_view variable, std::string entry,
                               const std::vector<std::string>& arguments);

/// Markdown of README.md.
std::string engine_start_text(std::string_view engine);
inline constexpr std::string_view kCompareLogs = "```sh\n./compare.sh logs/node_*.log\n```\n";
/// What put_torchrun_nodes and every engine add.
std::vector<std::pair<std::string, std::string>> engine_files();

}  // namespace sextant
