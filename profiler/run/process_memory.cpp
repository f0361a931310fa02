#include "profiler/run/process_memory.h"

#include <fstream>
#include <unistd.h>

#include "analyzer/core/error.h"
#include "profiler/device/nvml.h"

namespace sextant::profiler {

namespace {

std::optional<double> resident_bytes() {
  std::ifstream file("/proc/self/statm");
  double whole = 0;
  double resident = 0;
  if (!(file >> whole >> resident)) return std::nullopt;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

std::optional<double> gpu_bytes(const std::string& uuid) {
  try {
    const std::vector<GpuProcess> processes = Nvml().find(uuid).processes();
    for (const GpuProcess& process : processes) {
      if (process.pid == static_cast<unsigned>(::getpid())) return process.memory_bytes;
    }
    if (processes.size() == 1) return processes.front().memory_bytes;
  } catch (const Error&) {
  }
  return std::nullopt;
}

}  // namespace

std::optional<double> process_bytes(Evidence evidence,
                                    const std::map<std::string, std::string>& device) {
  if (evidence == Evidence::kMeasuredCpu) return resident_bytes();
  const auto uuid = device.find("gpu_uuid");
  return uuid == device.end() ? std::nullopt : gpu_bytes(uuid->second);
}

}  // namespace sextant::profiler
