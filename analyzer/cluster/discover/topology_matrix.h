#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sextant {

/// How the GPUs and NICs of a machine are joined, in nvidia-smi's words.
struct TopologyMatrix {
  int gpus = 0;
  std::vector<std::string> nics;  ///< "mlx5_0"; "NIC0" where no legend names it
  /// The path between GPUs i < j: "NV18", "PIX", "PXB", "PHB", "NODE", "SYS"; "" on the diagonal.
  std::vector<std::vector<std::string>> gpu_paths;

  /// "NV18 between all pairs", "NV4 between 12 of 28 pairs, SYS between 16"; "" of one GPU.
  std::string text() const;
};

/// Reads `nvidia-smi topo -m`, as a file has it or a terminal showed it. Throws Error(kBadInput)
/// with file and line where rows are missing or cut, a path is none that nvidia-smi knows, or the
/// two directions of a path differ.
TopologyMatrix parse_topology_matrix(std::string_view text, const std::string& source);

}  // namespace sextant
