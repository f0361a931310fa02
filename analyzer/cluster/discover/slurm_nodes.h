#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sextant {

/// GPUs of a node as Slurm's generic resource `gpu` counts them.
struct SlurmGpus {
  std::string type;    ///< as the site calls it, "a100", "nvidia_h100_80gb_hbm3"; "" = it does not
  int count = 0;       ///< of a node
  bool slice = false;  ///< parts of a GPU (MIG), as in "a100_1g.5gb"
  bool operator==(const SlurmGpus&) const = default;
};

/// What Slurm says of a node.
struct SlurmNode {
  std::string name;
  std::string host;  ///< its machine's name, mostly the same
  std::vector<SlurmGpus> gpus;
  std::vector<std::string> partitions;
  std::vector<std::string> features;
  std::string state;   ///< in its words, "IDLE+DRAIN"
  bool usable = true;  ///< its state lets jobs run there, if not at once
};

/// The GPUs of a node's resources, "gpu:a100:4(S:0-1),gpu:v100:2,mps:400": other resources, and
/// sockets in parentheses, are passed over; types that stand twice are added up. Throws
/// Error(kBadInput) naming `place` where a GPU has no count (a column of sinfo was cut) or an
/// impossible one.
std::vector<SlurmGpus> slurm_gpus(std::string_view gres, const std::string& place);

/// Whether jobs can run on a node of that state, "MIXED+CLOUD" or sinfo's "idle~"; down, drained,
/// draining, failing, unknown and not responding nodes take none.
bool is_usable_state(std::string_view state);

/// Reads `scontrol show node`, with -o or without. Throws Error(kBadInput) with file and line where
/// a node lacks its state or resources (as at the end of a truncated file), stands twice, or where
/// there is none.
std::vector<SlurmNode> parse_scontrol_nodes(std::string_view text, const std::string& source);

/// Reads a table of `sinfo`, with or without -N, whose header names the columns NODELIST, GRES and
/// STATE, and perhaps PARTITION and one of features, as of sinfo -o '%N|%P|%G|%T|%f'; columns are
/// separated by '|' or blanks. A node that stands on several lines is in all their partitions.
/// Throws Error(kBadInput) with file and line.
std::vector<SlurmNode> parse_sinfo_table(std::string_view text, const std::string& source);

}  // namespace sextant
