#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "launch/emit/training/launch_target.h"

namespace sextant {

/// The machines of a job, each once, in the order of their first rank.
struct JobMachines {
  std::vector<std::string> names;  ///< machine_name()
  std::vector<std::string> types;
  std::vector<int> gpus;     ///< that the job uses
  std::vector<int> of_node;  ///< by node: index of its machine
};
JobMachines machines_of(const LaunchJob& job);

/// The host of each of job.nodes, "" where the user named none. Throws Error(kBadInput) where a
/// host is no word of a line.
std::vector<std::string> node_hosts(const LaunchJob& job, const LaunchOptions& options);

/// What torchrun starts in every rank, as lines of bash that are written as they are.
struct TorchrunProgram {
  std::string name;     ///< for people: "run_plan", "Megatron-LM"
  std::string prepare;  ///< before torchrun
  std::string before;   ///< words before torchrun, with a space at the end
  std::string options;  ///< of torchrun beside those that say where it is, each after a space
  std::string command;  ///< what it starts; arguments of node.sh follow
};

/// Adds hosts.txt, where the machines are; node.sh, which starts the ranks of one node; and
/// start.sh, which starts all nodes through ssh. All of them read environment.sh, which the caller
/// adds. Ranks are those of job.nodes, in that order; a machine that stands there twice is two
/// nodes, each with its GPUs. Throws what node_hosts() throws.
void put_torchrun_nodes(const LaunchJob& job, const LaunchOptions& options,
                        const TorchrunProgram& program, JobFolder& folder);

// Parts for other scripts that go to the machines.

/// The head of a script of the folder: where it lies, environment.sh.
std::string_view begin_script();
/// Sets `hosts` from hosts.txt, for which `machines` must be their number.
std::string_view read_hosts();

}  // namespace sextant
