#include "profiler/driver/nvidia_driver.h"

#include <charconv>
#include <dlfcn.h>
#include <fstream>
#include <memory>

#include <fmt/format.h>

#include "analyzer/core/table.h"

namespace sextant::profiler {

namespace {

// The few declarations of nvml.h that are used; the header is not part of every toolkit. They are
// the library's stable binary interface (NVML API reference, "Device Queries").
using Device = struct NvmlDeviceRecord*;
struct MemoryInfo {
  unsigned long long total, free, used;
};
struct ProcessInfo {  // nvmlProcessInfo_t since version 2 of the call
  unsigned id;
  unsigned long long used;
  unsigned gpu_instance, compute_instance;
};
constexpr int kSuccess = 0;
constexpr unsigned kTextLength = 96;            // NVML_DEVICE_NAME_V2_BUFFER_SIZE
constexpr unsigned long long kNotTold = ~0ULL;  // NVML_VALUE_NOT_AVAILABLE

struct CloseLibrary {
  void operator()(void* library) const { ::dlclose(library); }
};

/// The functions of the loaded library; those after `memory` are null in old drivers.
struct Nvml {
  explicit Nvml(void* library)
      : init(find<int()>(library, "nvmlInit_v2")),
        shutdown(find<int()>(library, "nvmlShutdown")),
        describe(find<const char*(int)>(library, "nvmlErrorString")),
        version(find<int(char*, unsigned)>(library, "nvmlSystemGetDriverVersion")),
        count(find<int(unsigned*)>(library, "nvmlDeviceGetCount_v2")),
        device(find<int(unsigned, Device*)>(library, "nvmlDeviceGetHandleByIndex_v2")),
        name(find<int(Device, char*, unsigned)>(library, "nvmlDeviceGetName")),
        memory(find<int(Device, MemoryInfo*)>(library, "nvmlDeviceGetMemoryInfo")),
        cuda(find<int(int*)>(library, "nvmlSystemGetCudaDriverVersion_v2")),
        uuid(find<int(Device, char*, unsigned)>(library, "nvmlDeviceGetUUID")),
        processes(find<int(Device, unsigned*, ProcessInfo*)>(
            library, "nvmlDeviceGetComputeRunningProcesses_v3")) {}

  bool complete() const {
    return init && shutdown && describe && version && count && device && name && memory;
  }

  template <typename Function>
  static Function* find(void* library, const char* name) {
    return reinterpret_cast<Function*>(::dlsym(library, name));
  }

  int (*init)();
  int (*shutdown)();
  const char* (*describe)(int);
  int (*version)(char*, unsigned);
  int (*count)(unsigned*);
  int (*device)(unsigned, Device*);
  int (*name)(Device, char*, unsigned);
  int (*memory)(Device, MemoryInfo*);
  int (*cuda)(int*);
  int (*uuid)(Device, char*, unsigned);
  int (*processes)(Device, unsigned*, ProcessInfo*);
};

std::string process_name(unsigned id) {
  std::ifstream in(fmt::format("/proc/{}/comm", id));
  std::string name;
  std::getline(in, name);
  return name;
}

std::vector<GpuProcess> processes_on(const Nvml& nvml, Device device) {
  std::vector<GpuProcess> out;
  ProcessInfo found[64];
  unsigned count = std::size(found);
  if (nvml.processes == nullptr || nvml.processes(device, &count, found) != kSuccess) return out;
  for (unsigned i = 0; i < count; ++i) {
    out.push_back({found[i].id, process_name(found[i].id),
                   found[i].used == kNotTold ? 0 : static_cast<double>(found[i].used)});
  }
  return out;
}

NvidiaGpu gpu_at(const Nvml& nvml, unsigned index) {
  NvidiaGpu gpu;
  Device device = nullptr;
  MemoryInfo memory{};
  char text[kTextLength] = "";
  if (nvml.device(index, &device) != kSuccess) return gpu;
  if (nvml.name(device, text, sizeof text) == kSuccess) gpu.name = text;
  if (nvml.memory(device, &memory) == kSuccess) {
    gpu.memory_bytes = static_cast<double>(memory.total);
    gpu.used_bytes = static_cast<double>(memory.used);
  }
  if (nvml.uuid != nullptr && nvml.uuid(device, text, sizeof text) == kSuccess) gpu.uuid = text;
  gpu.processes = processes_on(nvml, device);
  return gpu;
}

}  // namespace

std::string NvidiaGpu::describe() const {
  return memory_bytes > 0 ? name + ", " + format_gib(memory_bytes) : name;
}

NvidiaDriver ask_nvidia_driver() {
  NvidiaDriver driver;
  const std::unique_ptr<void, CloseLibrary> library(::dlopen("libnvidia-ml.so.1", RTLD_LAZY));
  if (library == nullptr) {
    // Containers may carry the compute library without the management library.
    const std::unique_ptr<void, CloseLibrary> compute(::dlopen("libcuda.so.1", RTLD_LAZY));
    if (compute != nullptr) {
      driver.state = NvidiaDriver::State::kFailing;
      driver.problem = "libcuda.so.1 is there, but libnvidia-ml.so.1, which names the GPUs, is not";
    }
    return driver;
  }
  const Nvml nvml(library.get());
  driver.state = NvidiaDriver::State::kFailing;
  if (!nvml.complete()) {
    driver.problem = "libnvidia-ml.so.1 lacks functions of every supported driver";
    return driver;
  }
  if (const int code = nvml.init(); code != kSuccess) {
    driver.problem = nvml.describe(code);
    return driver;
  }
  char text[kTextLength] = "";
  unsigned count = 0;
  int cuda = 0;  // 1000 major + 10 minor
  if (nvml.version(text, sizeof text) == kSuccess) driver.version = text;
  if (nvml.cuda != nullptr && nvml.cuda(&cuda) == kSuccess) {
    driver.cuda = fmt::format("{}.{}", cuda / 1000, cuda % 1000 / 10);
  }
  if (const int code = nvml.count(&count); code != kSuccess) {
    driver.problem = nvml.describe(code);
  } else {
    driver.state = NvidiaDriver::State::kWorking;
  }
  for (unsigned index = 0; index < count; ++index) driver.gpus.push_back(gpu_at(nvml, index));
  nvml.shutdown();
  return driver;
}

std::vector<NvidiaGpu> visible_gpus(const std::vector<NvidiaGpu>& gpus, std::string_view visible) {
  std::vector<NvidiaGpu> out;
  for (std::size_t begin = 0; begin <= visible.size();) {
    const std::size_t end = std::min(visible.find(',', begin), visible.size());
    const std::string_view word = visible.substr(begin, end - begin);
    begin = end + 1;
    std::size_t index = gpus.size();
    const auto parsed = std::from_chars(word.data(), word.data() + word.size(), index);
    if (parsed.ec != std::errc() || parsed.ptr != word.data() + word.size()) {
      index = gpus.size();
      for (std::size_t i = 0; i < gpus.size() && word.starts_with("GPU-"); ++i) {
        if (gpus[i].uuid.starts_with(word)) index = i;
      }
    }
    if (index >= gpus.size()) break;
    out.push_back(gpus[index]);
  }
  return out;
}

}  // namespace sextant::profiler
