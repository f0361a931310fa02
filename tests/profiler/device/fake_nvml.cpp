// The part of NVML's binary interface that we call, with GPUs that the environment describes:
//   FAKE_NVML_INIT       status of nvmlInit (0; 9 = driver not loaded)
//   FAKE_NVML_GPUS       how many GPUs (1)
//   FAKE_NVML_EVENTS     bits of clock event reasons (0)
//   FAKE_NVML_OLD        if set: a driver that knows them as throttle reasons only
//   FAKE_NVML_LINKS      what NVLinks 0, 1, … of every GPU lead to: "s" a switch, a digit that GPU,
//                        "-" is down; none by default
//   FAKE_NVML_LEVEL      level of the common ancestor of two GPUs (50, NVML_TOPOLOGY_SYSTEM)
//   FAKE_NVML_MODES      bits: 1 persistence (1), 2 ECC (2), 4 MIG; 3 by default
//   FAKE_NVML_CAP        power cap of GPU 0, milliwatts (700000, its default)
//   FAKE_NVML_CLOCK      SM clock, MHz (1980, its highest)
//   FAKE_NVML_PROCESSES  compute processes of GPU 0, "4711:1000,12:-1" (pid:bytes; -1 = unknown)
// Declared after the NVML API reference, on purpose without a look at profiler/device.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace {

enum Status {
  kSuccess = 0,
  kInvalidArgument = 2,
  kNotSupported = 3,
  kNotFound = 6,
  kInsufficientSize = 7,
  kDriverNotLoaded = 9
};

long number(const char* variable, long otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtol(text, nullptr, 0);
}

std::vector<std::pair<unsigned, long long>> processes() {
  std::vector<std::pair<unsigned, long long>> list;
  const char* text = std::getenv("FAKE_NVML_PROCESSES");
  for (char* at = const_cast<char*>(text); at != nullptr && *at != '\0';) {
    const auto pid = static_cast<unsigned>(std::strtoul(at, &at, 10));
    list.emplace_back(pid, *at == ':' ? std::strtoll(at + 1, &at, 10) : 0);
    if (*at == ',') ++at;
  }
  return list;
}

// A device is its index and one, so that none is null.
std::uintptr_t index_of(void* device) {
  return reinterpret_cast<std::uintptr_t>(device) - 1;
}

int open_device(long index, void** device) {
  if (index < 0 || index >= number("FAKE_NVML_GPUS", 1)) return kNotFound;
  *device = reinterpret_cast<void*>(static_cast<std::uintptr_t>(index) + 1);
  return kSuccess;
}

/// What FAKE_NVML_LINKS says of a link; '\0' past its end.
char link_partner(unsigned link) {
  const char* const text = std::getenv("FAKE_NVML_LINKS");
  return text == nullptr || link >= std::strlen(text) ? '\0' : text[link];
}

int copy(const std::string& text, char* to, unsigned length) {
  if (text.size() >= length) return kInsufficientSize;
  std::memcpy(to, text.c_str(), text.size() + 1);
  return kSuccess;
}

}  // namespace

extern "C" {

struct fake_memory {
  unsigned long long total;
  unsigned long long free;
  unsigned long long used;
};
struct fake_pci {
  char busIdLegacy[16];
  unsigned int domain;
  unsigned int bus;
  unsigned int device;
  unsigned int pciDeviceId;
  unsigned int pciSubSystemId;
  char busId[32];
};
struct fake_process {
  unsigned int pid;
  unsigned long long usedGpuMemory;
  unsigned int gpuInstanceId;
  unsigned int computeInstanceId;
};

int nvmlInit_v2() {
  return static_cast<int>(number("FAKE_NVML_INIT", kSuccess));
}
int nvmlShutdown() {
  return kSuccess;
}
const char* nvmlErrorString(int code) {
  switch (code) {
    case kDriverNotLoaded:
      return "Driver Not Loaded";
    case kNotFound:
      return "Not Found";
    default:
      return "Unknown Error";
  }
}
int nvmlSystemGetDriverVersion(char* text, unsigned length) {
  return copy("580.65.06", text, length);
}
int nvmlSystemGetCudaDriverVersion_v2(int* version) {
  *version = 13010;
  return kSuccess;
}
int nvmlSystemGetProcessName(unsigned pid, char* text, unsigned length) {
  return pid == 4711 ? copy("/usr/bin/python3 -m train/me", text, length)
                     : static_cast<int>(kNotFound);
}
int nvmlDeviceGetCount_v2(unsigned* count) {
  *count = static_cast<unsigned>(number("FAKE_NVML_GPUS", 1));
  return kSuccess;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
  return open_device(index, device);
}
int nvmlDeviceGetHandleByPciBusId_v2(const char* bus_id, void** device) {  // "0000:0<index>:00.0"
  return std::strlen(bus_id) == 12 ? open_device(bus_id[6] - '0', device)
                                   : static_cast<int>(kInvalidArgument);
}
int nvmlDeviceGetHandleByUUID(const char* uuid, void** device) {  // "GPU-<index>"
  return open_device(std::strtol(uuid + std::strlen("GPU-"), nullptr, 10), device);
}
int nvmlDeviceGetName(void*, char* text, unsigned length) {
  return copy("NVIDIA H200", text, length);
}
int nvmlDeviceGetUUID(void* device, char* text, unsigned length) {
  return copy("GPU-" + std::to_string(index_of(device)), text, length);
}
int nvmlDeviceGetMemoryInfo(void*, fake_memory* memory) {
  memory->total = 141ull << 30;
  memory->used = 1ull << 30;
  memory->free = memory->total - memory->used;
  return kSuccess;
}
int nvmlDeviceGetClockInfo(void*, int type, unsigned* mhz) {
  if (type != 1 && type != 2) return kInvalidArgument;  // NVML_CLOCK_SM, NVML_CLOCK_MEM
  *mhz = type == 1 ? static_cast<unsigned>(number("FAKE_NVML_CLOCK", 1980)) : 3201;
  return kSuccess;
}
int nvmlDeviceGetMaxClockInfo(void*, int type, unsigned* mhz) {
  *mhz = 1980;
  return type == 1 ? kSuccess : kInvalidArgument;
}
int nvmlDeviceGetDefaultApplicationsClock(void*, int, unsigned*) {
  return kNotSupported;
}
int nvmlDeviceGetPersistenceMode(void*, unsigned* mode) {
  *mode = (number("FAKE_NVML_MODES", 3) & 1) != 0;
  return kSuccess;
}
int nvmlDeviceGetEccMode(void*, unsigned* now, unsigned* next) {
  *now = (number("FAKE_NVML_MODES", 3) & 2) != 0;
  *next = 1 - *now;
  return kSuccess;
}
int nvmlDeviceGetMigMode(void*, unsigned* now, unsigned* next) {
  *now = (number("FAKE_NVML_MODES", 3) & 4) != 0;
  *next = 1 - *now;
  return kSuccess;
}
int nvmlDeviceGetPowerManagementDefaultLimit(void*, unsigned* milliwatts) {
  *milliwatts = 700000;
  return kSuccess;
}
int nvmlDeviceGetTemperature(void*, int sensor, unsigned* degrees) {
  *degrees = 45;
  return sensor == 0 ? kSuccess : kInvalidArgument;
}
int nvmlDeviceGetPowerUsage(void*, unsigned* milliwatts) {
  *milliwatts = 350500;
  return kSuccess;
}
int nvmlDeviceGetEnforcedPowerLimit(void* device, unsigned* milliwatts) {
  *milliwatts = static_cast<unsigned>(number("FAKE_NVML_CAP", 700000));
  return index_of(device) == 0 ? kSuccess : kNotSupported;
}
int nvmlDeviceGetCurrentClocksEventReasons(void*, unsigned long long* reasons) {
  *reasons = static_cast<unsigned long long>(number("FAKE_NVML_EVENTS", 0));
  return std::getenv("FAKE_NVML_OLD") == nullptr ? kSuccess : kNotSupported;
}
int nvmlDeviceGetCurrentClocksThrottleReasons(void*, unsigned long long* reasons) {
  *reasons = static_cast<unsigned long long>(number("FAKE_NVML_EVENTS", 0));
  return std::getenv("FAKE_NVML_OLD") != nullptr ? kSuccess : kNotSupported;
}
int nvmlDeviceGetComputeRunningProcesses_v3(void* device, unsigned* count, fake_process* list) {
  const auto all = index_of(device) == 0 ? processes() : decltype(processes()){};
  const bool fits = all.size() <= *count;
  *count = static_cast<unsigned>(all.size());
  for (std::size_t i = 0; fits && i < all.size(); ++i) {
    list[i] = {all[i].first, static_cast<unsigned long long>(all[i].second), ~0u, ~0u};
  }
  return fits ? kSuccess : kInsufficientSize;
}
// Whoever computes draws as well here, beside a display server.
int nvmlDeviceGetGraphicsRunningProcesses_v3(void* device, unsigned* count, fake_process* list) {
  const unsigned room = *count;
  if (nvmlDeviceGetComputeRunningProcesses_v3(device, count, list) != kSuccess || *count == room) {
    return kInsufficientSize;
  }
  if (*count > 0) list[(*count)++] = {1, 1ull << 30, ~0u, ~0u};
  return kSuccess;
}

int nvmlDeviceGetTopologyCommonAncestor(void*, void*, int* level) {
  *level = static_cast<int>(number("FAKE_NVML_LEVEL", 50));
  return kSuccess;
}
int nvmlDeviceGetPciInfo_v3(void* device, fake_pci* info) {
  *info = {};
  info->bus = static_cast<unsigned>(index_of(device));
  return kSuccess;
}
int nvmlDeviceGetNvLinkState(void*, unsigned link, int* active) {
  const char partner = link_partner(link);
  *active = partner != '-';
  return partner == '\0' ? kNotSupported : kSuccess;
}
int nvmlDeviceGetNvLinkRemoteDeviceType(void*, unsigned link, int* type) {
  *type = link_partner(link) == 's' ? 2 : 0;  // NVML_NVLINK_DEVICE_TYPE_SWITCH, …_GPU
  return kSuccess;
}
int nvmlDeviceGetNvLinkRemotePciInfo_v2(void*, unsigned link, fake_pci* info) {
  *info = {};
  info->bus = static_cast<unsigned>(link_partner(link) - '0');
  return kSuccess;
}

}  // extern "C"
