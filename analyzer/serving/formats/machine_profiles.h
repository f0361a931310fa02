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

}  // namespace sextant
