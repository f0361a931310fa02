#include "analyzer/serving/formats/machine_profiles.h"

#include "analyzer/serving/formats/ini_file.h"

namespace sextant {

MachineProfiles read_machine_profiles(const std::filesystem::path& path) {
  const IniFile file = IniFile::read(path);
  MachineProfiles profiles;
  for (const IniSection& section : file.sections()) {
    section.only({"inbound_nic_speed", "outbound_nic_speed", "disk_speed", "vram_size"});
    const auto speed = [&](const char* key) {
      return section.at(key).positive(IniQuantity::kBytesPerSecond);
    };
    // What the two ends of the coordinator do not have stands as -1.
    if (section.name() == "SourceNode") {
      profiles.coordinator_out_bytes_per_s = speed("outbound_nic_speed");
    } else if (section.name() == "SinkNode") {
      profiles.coordinator_in_bytes_per_s = speed("inbound_nic_speed");
    } else {
      profiles.types.push_back({std::string(section.name()), speed("inbound_nic_speed"),
                                speed("outbound_nic_speed"), speed("disk_speed"),
                                section.at("vram_size").positive(IniQuantity::kBytes)});
    }
  }
  file.at("SourceNode");
  file.at("SinkNode");
  if (profiles.types.empty()) file.fail("at least one type of machine", "none");
  return profiles;
}

}  // namespace sextant
