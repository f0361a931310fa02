#include "profiler/device/nvml.h"

#include <algorithm>
#include <array>
#include <dlfcn.h>
#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/table.h"

namespace sextant::profiler {

namespace {

// The few declarations of nvml.h that are used; the header is not part of every toolkit. They are
// the library's stable binary interface (NVML API reference): a function that changes gets a new
// suffix.
using Device = void*;
struct MemoryInfo {  // nvmlMemory_t
  unsigned long long total, free, used;
};
struct PciInfo {  // nvmlPciInfo_t
  char bus_id_legacy[16];
  unsigned domain, bus, device, pci_device_id, pci_subsystem_id;
  char bus_id[32];
};
struct ProcessInfo {  // nvmlProcessInfo_v2_t, of the functions with suffix _v3
  unsigned pid;
  unsigned long long used_gpu_memory;
  unsigned gpu_instance_id;
  unsigned compute_instance_id;
};
constexpr int kSuccess = 0;
constexpr int kInsufficientSize = 7;
constexpr int kFunctionNotFound = 13;
constexpr int kClockSm = 1;
constexpr int kClockMemory = 2;
constexpr int kTemperatureGpu = 0;
constexpr unsigned kMostNvLinks = 18;  // NVML_NVLINK_MAX_LINKS
constexpr int kNvLinkToGpu = 0;        // NVML_NVLINK_DEVICE_TYPE_GPU
constexpr int kNvLinkToSwitch = 2;     // NVML_NVLINK_DEVICE_TYPE_SWITCH
constexpr unsigned long long kNotAvailable = ~0ull;
constexpr std::size_t kTextLength = 96;  // NVML_DEVICE_NAME_V2_BUFFER_SIZE, the longest of ours
constexpr std::size_t kPathLength = 1024;

using GetNumber = int(Device, unsigned*);
using GetText = int(Device, char*, unsigned);
using GetProcesses = int(Device, unsigned*, ProcessInfo*);
using GetMode = int(Device, unsigned*,
                    unsigned*);  // the current one and, after a restart, the next
using GetReasons = int(Device, unsigned long long*);

struct CloseLibrary {
  void operator()(void* library) const { ::dlclose(library); }
};
using Handle = std::unique_ptr<void, CloseLibrary>;

struct ClockEvent {
  std::uint64_t bit;
  const char* name;
  bool throttles;
};
constexpr std::uint64_t kGpuIdle = 0x1;
constexpr std::array kClockEvents = {
    ClockEvent{kGpuIdle, "GpuIdle", false},
    ClockEvent{0x2, "ApplicationsClocksSetting", false},
    ClockEvent{0x4, "SwPowerCap", true},
    ClockEvent{0x8, "HwSlowdown", true},
    ClockEvent{0x10, "SyncBoost", false},
    ClockEvent{0x20, "SwThermalSlowdown", true},
    ClockEvent{0x40, "HwThermalSlowdown", true},
    ClockEvent{0x80, "HwPowerBrakeSlowdown", true},
    ClockEvent{0x100, "DisplayClockSetting", false},
};

}  // namespace

/// The library while it is loaded and initialised. Functions that an older driver may lack are
/// null there.
class NvmlLibrary {
 public:
  explicit NvmlLibrary(Handle handle) : handle_(std::move(handle)) {}
  ~NvmlLibrary() {
    if (initialised_) shutdown();
  }
  NvmlLibrary(const NvmlLibrary&) = delete;
  NvmlLibrary& operator=(const NvmlLibrary&) = delete;

  bool is_complete() const {
    return init != nullptr && shutdown != nullptr && error_string != nullptr &&
           driver_version != nullptr && count != nullptr && by_index != nullptr &&
           name != nullptr && uuid != nullptr && memory != nullptr;
  }
  /// NVML's status code.
  int initialise() {
    const int code = init();
    initialised_ = code == kSuccess;
    return code;
  }
  void check(int code, const std::string& work) const {
    if (code != kSuccess)
      throw_bad_input(fmt::format("{}: NVML says \"{}\"", work, describe(code)));
  }
  std::string describe(int code) const {
    const char* words = error_string(code);
    return words == nullptr ? fmt::format("error {}", code) : words;
  }

 private:
  template <typename Function>
  Function* find(const char* function) const {
    return reinterpret_cast<Function*>(::dlsym(handle_.get(), function));
  }
  Handle handle_;
  bool initialised_ = false;

 public:
  int (*init)() = find<int()>("nvmlInit_v2");
  int (*shutdown)() = find<int()>("nvmlShutdown");
  const char* (*error_string)(int) = find<const char*(int)>("nvmlErrorString");
  int (*driver_version)(char*, unsigned) = find<int(char*, unsigned)>("nvmlSystemGetDriverVersion");
  int (*cuda_version)(int*) = find<int(int*)>("nvmlSystemGetCudaDriverVersion_v2");
  int (*process_name)(unsigned, char*,
                      unsigned) = find<int(unsigned, char*, unsigned)>("nvmlSystemGetProcessName");
  int (*count)(unsigned*) = find<int(unsigned*)>("nvmlDeviceGetCount_v2");
  int (*by_index)(unsigned,
                  Device*) = find<int(unsigned, Device*)>("nvmlDeviceGetHandleByIndex_v2");
  int (*by_bus_id)(const char*,
                   Device*) = find<int(const char*, Device*)>("nvmlDeviceGetHandleByPciBusId_v2");
  int (*by_uuid)(const char*,
                 Device*) = find<int(const char*, Device*)>("nvmlDeviceGetHandleByUUID");
  GetText* name = find<GetText>("nvmlDeviceGetName");
  GetText* uuid = find<GetText>("nvmlDeviceGetUUID");
  int (*memory)(Device, MemoryInfo*) = find<int(Device, MemoryInfo*)>("nvmlDeviceGetMemoryInfo");
  int (*clock)(Device, int,
               unsigned*) = find<int(Device, int, unsigned*)>("nvmlDeviceGetClockInfo");
  int (*temperature)(Device, int,
                     unsigned*) = find<int(Device, int, unsigned*)>("nvmlDeviceGetTemperature");
  GetNumber* power = find<GetNumber>("nvmlDeviceGetPowerUsage");
  GetNumber* power_cap = find<GetNumber>("nvmlDeviceGetEnforcedPowerLimit");
  GetProcesses* compute = find<GetProcesses>("nvmlDeviceGetComputeRunningProcesses_v3");
  GetProcesses* graphics = find<GetProcesses>("nvmlDeviceGetGraphicsRunningProcesses_v3");
  GetReasons* event_reasons = find<GetReasons>("nvmlDeviceGetCurrentClocksEventReasons");
  int (*common_ancestor)(Device, Device, int*) =
      find<int(Device, Device, int*)>("nvmlDeviceGetTopologyCommonAncestor");
  int (*link_state)(Device, unsigned,
                    int*) = find<int(Device, unsigned, int*)>("nvmlDeviceGetNvLinkState");
  int (*link_partner)(Device, unsigned, int*) =
      find<int(Device, unsigned, int*)>("nvmlDeviceGetNvLinkRemoteDeviceType");
  int (*link_partner_pci)(Device, unsigned, PciInfo*) =
      find<int(Device, unsigned, PciInfo*)>("nvmlDeviceGetNvLinkRemotePciInfo_v2");
  int (*pci)(Device, PciInfo*) = find<int(Device, PciInfo*)>("nvmlDeviceGetPciInfo_v3");
  GetNumber* power_cap_default = find<GetNumber>("nvmlDeviceGetPowerManagementDefaultLimit");
  int (*max_clock)(Device, int,
                   unsigned*) = find<int(Device, int, unsigned*)>("nvmlDeviceGetMaxClockInfo");
  int (*default_clock)(Device, int, unsigned*) =
      find<int(Device, int, unsigned*)>("nvmlDeviceGetDefaultApplicationsClock");
  GetNumber* persistence = find<GetNumber>("nvmlDeviceGetPersistenceMode");
  GetMode* ecc = find<GetMode>("nvmlDeviceGetEccMode");
  GetMode* mig = find<GetMode>("nvmlDeviceGetMigMode");
  /// Its name before driver 535.
  GetReasons* throttle_reasons = find<GetReasons>("nvmlDeviceGetCurrentClocksThrottleReasons");
};

namespace {

std::optional<double> reading(int (*get)(Device, int, unsigned*), Device device, int which) {
  unsigned value = 0;
  if (get == nullptr || get(device, which, &value) != kSuccess) return std::nullopt;
  return value;
}

std::optional<bool> current(GetMode* get, Device device) {
  unsigned now = 0;
  unsigned next = 0;
  if (get == nullptr || get(device, &now, &next) != kSuccess) return std::nullopt;
  return now != 0;
}

std::optional<double> watts(GetNumber* get, Device device) {
  unsigned milliwatts = 0;
  if (get == nullptr || get(device, &milliwatts) != kSuccess) return std::nullopt;
  return milliwatts * 1e-3;
}

std::vector<ProcessInfo> list_processes(const NvmlLibrary& library, GetProcesses* get,
                                        Device device) {
  if (get == nullptr) return {};
  // Processes may start between asking for their number and for their names.
  for (unsigned room = 64;; room *= 2) {
    std::vector<ProcessInfo> list(room);
    unsigned count = room;
    const int code = get(device, &count, list.data());
    if (code == kInsufficientSize && room < 65536) continue;
    library.check(code, "while listing the processes on a GPU");
    list.resize(std::min(count, room));
    return list;
  }
}

}  // namespace

std::string GpuProcess::text() const {
  std::string out = fmt::format("process {}", pid);
  // Programs that write over their arguments (browsers do) have them in their name.
  const std::filesystem::path program = command.substr(0, command.find(' '));
  if (!program.empty()) out += fmt::format(" ({})", quote(program.filename().string()));
  if (memory_bytes) out += " holds " + format_gib(*memory_bytes);
  return out;
}

std::vector<std::string> clock_event_names(std::uint64_t clock_events) {
  std::vector<std::string> names;
  for (const ClockEvent& event : kClockEvents) {
    if ((clock_events & event.bit) != 0) names.emplace_back(event.name);
    clock_events &= ~event.bit;
  }
  for (std::uint64_t bit = 1; bit != 0; bit <<= 1) {
    if ((clock_events & bit) != 0) names.push_back(fmt::format("{:#x}", bit));
  }
  return names;
}

bool says_idle(std::uint64_t clock_events) {
  return (clock_events & kGpuIdle) != 0;
}

bool says_throttled(std::uint64_t clock_events) {
  return std::any_of(kClockEvents.begin(), kClockEvents.end(), [&](const ClockEvent& event) {
    return event.throttles && (clock_events & event.bit) != 0;
  });
}

GpuIdentity NvmlGpu::identity() const {
  GpuIdentity identity;
  std::array<char, kTextLength> text{};
  library_->check(library_->name(device_, text.data(), kTextLength),
                  "while asking a GPU for its name");
  identity.name = text.data();
  library_->check(library_->uuid(device_, text.data(), kTextLength),
                  "while asking a GPU for its UUID");
  identity.uuid = text.data();
  MemoryInfo memory{};
  library_->check(library_->memory(device_, &memory), "while asking a GPU for its memory");
  identity.memory_bytes = static_cast<double>(memory.total);
  identity.used_memory_bytes = static_cast<double>(memory.used);
  return identity;
}

std::vector<GpuProcess> NvmlGpu::processes() const {
  std::vector<GpuProcess> processes;
  for (GetProcesses* get : {library_->compute, library_->graphics}) {
    for (const ProcessInfo& info : list_processes(*library_, get, device_)) {
      // A process that computes and draws is in both lists with the same bytes.
      if (std::any_of(processes.begin(), processes.end(),
                      [&](const GpuProcess& known) { return known.pid == info.pid; })) {
        continue;
      }
      GpuProcess process;
      process.pid = info.pid;
      std::array<char, kPathLength> text{};
      if (library_->process_name != nullptr &&
          library_->process_name(info.pid, text.data(), kPathLength) == kSuccess) {
        process.command = text.data();
      }
      if (info.used_gpu_memory != kNotAvailable) {
        process.memory_bytes = static_cast<double>(info.used_gpu_memory);
      }
      processes.push_back(std::move(process));
    }
  }
  std::sort(processes.begin(), processes.end(),
            [](const GpuProcess& a, const GpuProcess& b) { return a.pid < b.pid; });
  return processes;
}

GpuReadings NvmlGpu::readings() const {
  GpuReadings readings;
  readings.sm_clock_mhz = reading(library_->clock, device_, kClockSm);
  readings.memory_clock_mhz = reading(library_->clock, device_, kClockMemory);
  readings.temperature_c = reading(library_->temperature, device_, kTemperatureGpu);
  readings.power_w = watts(library_->power, device_);
  readings.power_cap_w = watts(library_->power_cap, device_);
  readings.clock_events = clock_events();
  return readings;
}

GpuSettings NvmlGpu::settings() const {
  GpuSettings settings;
  unsigned persistence = 0;
  if (library_->persistence != nullptr &&
      library_->persistence(device_, &persistence) == kSuccess) {
    settings.persistence = persistence != 0;
  }
  settings.ecc = current(library_->ecc, device_);
  settings.mig = current(library_->mig, device_);
  settings.power_cap_default_w = watts(library_->power_cap_default, device_);
  settings.max_sm_clock_mhz = reading(library_->max_clock, device_, kClockSm);
  settings.default_sm_clock_mhz = reading(library_->default_clock, device_, kClockSm);
  return settings;
}

std::optional<std::uint64_t> NvmlGpu::clock_events() const {
  for (GetReasons* get : {library_->event_reasons, library_->throttle_reasons}) {
    unsigned long long reasons = 0;
    if (get != nullptr && get(device_, &reasons) == kSuccess) return reasons;
  }
  return std::nullopt;
}

int NvmlGpu::nvlinks_to(const NvmlGpu& other) const {
  const NvmlLibrary& nvml = *library_;
  PciInfo there{};
  if (nvml.link_state == nullptr || nvml.link_partner == nullptr || nvml.pci == nullptr ||
      nvml.pci(other.device_, &there) != kSuccess) {
    return 0;
  }
  int links = 0;
  for (unsigned link = 0; link < kMostNvLinks; ++link) {
    int active = 0;
    int partner = 0;
    if (nvml.link_state(device_, link, &active) != kSuccess || active == 0 ||
        nvml.link_partner(device_, link, &partner) != kSuccess) {
      continue;
    }
    // Through a switch every link leads to every GPU.
    if (partner == kNvLinkToSwitch) ++links;
    PciInfo reached{};
    if (partner == kNvLinkToGpu && nvml.link_partner_pci != nullptr &&
        nvml.link_partner_pci(device_, link, &reached) == kSuccess &&
        reached.domain == there.domain && reached.bus == there.bus &&
        reached.device == there.device) {
      ++links;
    }
  }
  return links;
}

std::string NvmlGpu::bus_id() const {
  PciInfo info{};
  if (library_->pci == nullptr || library_->pci(device_, &info) != kSuccess) return "";
  return fmt::format("{:04x}:{:02x}:{:02x}.0", info.domain, info.bus, info.device);
}

std::string NvmlGpu::path_to(const NvmlGpu& other) const {
  if (const int links = nvlinks_to(other); links > 0) return fmt::format("NV{}", links);
  int level = 0;
  if (library_->common_ancestor == nullptr ||
      library_->common_ancestor(device_, other.device_, &level) != kSuccess) {
    return "";
  }
  switch (level) {  // nvmlGpuTopologyLevel_t
    case 0:
    case 10:
      return "PIX";
    case 20:
      return "PXB";
    case 30:
      return "PHB";
    case 40:
      return "NODE";
    case 50:
      return "SYS";
    default:
      return "";
  }
}

Nvml::Nvml(const std::string& library) {
  Handle handle(::dlopen(library.c_str(), RTLD_LAZY));
  if (handle == nullptr) {
    // Containers may carry the compute library without the management library.
    const Handle compute(::dlopen("libcuda.so.1", RTLD_LAZY));
    if (compute != nullptr) {
      state_ = State::kFailing;
      problem_ =
          fmt::format("libcuda.so.1 is there, but {}, which names the GPUs, is not", library);
    }
    return;
  }
  const auto loaded = std::make_shared<NvmlLibrary>(std::move(handle));
  state_ = State::kFailing;
  if (!loaded->is_complete()) {
    problem_ = library + " lacks functions of every supported driver";
    return;
  }
  if (const int code = loaded->initialise(); code != kSuccess) {
    problem_ = loaded->describe(code);
    return;
  }
  std::array<char, kTextLength> text{};
  if (loaded->driver_version(text.data(), kTextLength) == kSuccess) driver_version_ = text.data();
  int cuda = 0;  // 1000 major + 10 minor
  if (loaded->cuda_version != nullptr && loaded->cuda_version(&cuda) == kSuccess) {
    cuda_version_ = fmt::format("{}.{}", cuda / 1000, cuda % 1000 / 10);
  }
  unsigned count = 0;
  if (const int code = loaded->count(&count); code != kSuccess) {
    problem_ = loaded->describe(code);
    return;
  }
  state_ = State::kWorking;
  gpu_count_ = static_cast<int>(count);
  library_ = loaded;
}

NvmlGpu Nvml::gpu(int index) const {
  if (index < 0 || index >= gpu_count_) {
    throw_bad_input(fmt::format("there is no GPU {}: the driver sees {}", index, gpu_count_));
  }
  Device device = nullptr;
  library_->check(library_->by_index(static_cast<unsigned>(index), &device),
                  fmt::format("while opening GPU {}", index));
  return {library_, device};
}

NvmlGpu Nvml::find(const std::string& bus_id_or_uuid) const {
  const std::string work = fmt::format("while looking for the GPU {}", quote(bus_id_or_uuid));
  if (state_ != State::kWorking) {
    throw_bad_input(fmt::format("{}: {}", work, problem_.empty() ? "no NVIDIA driver" : problem_));
  }
  const bool is_uuid = bus_id_or_uuid.starts_with("GPU-") || bus_id_or_uuid.starts_with("MIG-");
  const auto search = is_uuid ? library_->by_uuid : library_->by_bus_id;
  Device device = nullptr;
  library_->check(search == nullptr ? kFunctionNotFound : search(bus_id_or_uuid.c_str(), &device),
                  work);
  return {library_, device};
}

}  // namespace sextant::profiler
