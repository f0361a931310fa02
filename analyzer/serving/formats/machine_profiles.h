#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace sextant {

/// A machine as machine_profiles.ini describes it.
struct MachineHardware {
  std::string type;
  double nic_in_bytes_per_s = 0;
  double nic_out_bytes_per_s = 0;
  double disk_bytes_per_s = 0;
  double vram_bytes = 0;
};

/// machine_profiles.ini: the coordinator's NICs and, in the file's order, types of machines.
struct MachineProfiles {
  double coordinator_in_bytes_per_s = 0;
  double coordinator_out_bytes_per_s = 0;
  std::vector<MachineHardware> types;
};

/// Throws Error(kBadInput) naming file and line.
MachineProfiles read_machine_profiles(const std::filesystem::path& path);

/// Indices of types ("T4x4") so that those of the last GPU ("T4") come first, each GPU's in their
/// order. So the artifact's tables are to machine_profiles.ini, and the other way round; sums of
/// the typical throughput are to the last bit those of the tables in the tables' order.
std::vector<std::size_t> last_gpu_first(const std::vector<std::string>& types);

}  // namespace sextant
