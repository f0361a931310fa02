#include "cli/nvidia_driver.h"

#include <dlfcn.h>
#include <memory>

#include <fmt/format.h>

#include "analyzer/core/table.h"

namespace sextant::cli {

namespace {

// The few declarations of nvml.h that are used; the header is not part of every toolkit. They are
// the library's stable binary interface (NVML API reference, "Device Queries").
using Device = struct NvmlDeviceRecord*;
struct MemoryInfo {
  unsigned long long total, free, used;
};
constexpr int kSuccess = 0;
constexpr unsigned kNameLength = 96;  // NVML_DEVICE_NAME_V2_BUFFER_SIZE

struct CloseLibrary {
  void operator()(void* library) const { ::dlclose(library); }
};

template <typename Function>
Function* find(void* library, const char* name) {
  return reinterpret_cast<Function*>(::dlsym(library, name));
}

}  // namespace

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
  void* nvml = library.get();
  auto* init = find<int()>(nvml, "nvmlInit_v2");
  auto* shutdown = find<int()>(nvml, "nvmlShutdown");
  auto* describe = find<const char*(int)>(nvml, "nvmlErrorString");
  auto* get_version = find<int(char*, unsigned)>(nvml, "nvmlSystemGetDriverVersion");
  auto* get_count = find<int(unsigned*)>(nvml, "nvmlDeviceGetCount_v2");
  auto* get_device = find<int(unsigned, Device*)>(nvml, "nvmlDeviceGetHandleByIndex_v2");
  auto* get_name = find<int(Device, char*, unsigned)>(nvml, "nvmlDeviceGetName");
  auto* get_memory = find<int(Device, MemoryInfo*)>(nvml, "nvmlDeviceGetMemoryInfo");

  driver.state = NvidiaDriver::State::kFailing;
  if (!init || !shutdown || !describe || !get_version || !get_count || !get_device || !get_name ||
      !get_memory) {
    driver.problem = "libnvidia-ml.so.1 lacks functions of every supported driver";
    return driver;
  }
  if (const int code = init(); code != kSuccess) {
    driver.problem = describe(code);
    return driver;
  }
  char text[kNameLength] = "";
  unsigned count = 0;
  if (get_version(text, sizeof text) == kSuccess) driver.version = text;
  if (const int code = get_count(&count); code != kSuccess) {
    driver.problem = describe(code);
  } else {
    driver.state = NvidiaDriver::State::kWorking;
  }
  for (unsigned index = 0; index < count; ++index) {
    Device device = nullptr;
    MemoryInfo memory{};
    std::string line = "unknown GPU";
    if (get_device(index, &device) == kSuccess) {
      if (get_name(device, text, sizeof text) == kSuccess) line = text;
      if (get_memory(device, &memory) == kSuccess) {
        line += ", " + format_gib(static_cast<double>(memory.total));
      }
    }
    driver.gpus.push_back(line);
  }
  shutdown();
  return driver;
}

}  // namespace sextant::cli
