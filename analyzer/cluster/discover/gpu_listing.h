#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sextant {

/// A GPU of one machine as the driver lists it.
struct ListedGpu {
  std::string name;                    ///< "NVIDIA A100-SXM4-80GB"
  std::optional<double> memory_bytes;  ///< absent where the listing does not tell
  bool in_slices = false;              ///< MIG is on: no whole GPU is to be had
};

/// Reads `nvidia-smi -L`, or the table of `nvidia-smi --query-gpu=name,memory.total,…
/// --format=csv[,nounits]` with its header, of which the columns name, memory.total and
/// mig.mode.current are used. None where nvidia-smi says that it found no devices. Throws
/// Error(kBadInput) with file and line, also where a GPU's number is missing in the sequence.
std::vector<ListedGpu> parse_gpu_listing(std::string_view text, const std::string& source);

}  // namespace sextant
