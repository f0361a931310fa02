#pragma once

#include <string>
#include <vector>

#include "launch/emit/training/launch_target.h"

namespace sextant {

/// The hosts of job.nodes in their order, "" where the user named none. Throws Error(kBadInput)
/// where a host is no word of a hostfile and of a command line.
std::vector<std::string> node_hosts(const LaunchJob& job, const LaunchOptions& options);

/// What torchrun starts in every rank.
struct TorchrunProgram {
  std::string description;  ///< of a script's head: "Megatron-LM"
  /// `export NAME=value` lines.
  std::vector<std::string> environment;
  /// Words of the shell, ready to be written: options of torchrun, then a path, or -m and a module.
  /// May use variables that `environment` or `checks` set.
  std::string program;
  /// Commands that end the script where something is missing.
  std::vector<std::string> checks;
  /// Lines of the array of arguments: "--flag word".
  std::vector<std::string> arguments;
};

/// Adds node.sh, which starts the ranks of one machine, and start_by_ssh.sh, which starts node.sh
/// on all of them, where all hosts are known. Ranks are numbered node after node in the order of
/// job.nodes; a machine that stands there twice runs node.sh twice, each with its GPUs.
void put_torchrun_nodes(const LaunchJob& job, const LaunchOptions& options,
                        const TorchrunProgram& program, JobFolder& folder);

/// Markdown on how to start what put_torchrun_nodes added.
std::string torchrun_start_text(const JobFolder& folder);

}  // namespace sextant
