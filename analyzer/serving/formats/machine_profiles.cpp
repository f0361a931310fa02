#include "analyzer/serving/formats/machine_profiles.h"

#include <algorithm>

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

std::vector<std::size_t> last_gpu_first(const std::vector<std::string>& types) {
  const auto gpu_of = [](const std::string& type) { return type.substr(0, type.rfind('x')); };
  std::vector<std::string> gpus;
  for (const std::string& type : types) {
    if (std::find(gpus.begin(), gpus.end(), gpu_of(type)) == gpus.end()) {
      gpus.push_back(gpu_of(type));
    }
  }
  std::vector<std::size_t> order;
  for (auto gpu = gpus.rbegin(); gpu != gpus.rend(); ++gpu) {
    for (std::size_t i = 0; i < types.size(); ++i) {
      if (gpu_of(types[i]) == *gpu) order.push_back(i);
    }
  }
  return order;
}

}  // namespace sextant
