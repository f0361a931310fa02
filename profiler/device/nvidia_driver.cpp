#include "profiler/device/nvidia_driver.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/table.h"

namespace sextant::profiler {

namespace {

NvidiaGpu read_gpu(const Nvml& nvml, int index) {
  NvidiaGpu gpu;
  try {
    const NvmlGpu device = nvml.gpu(index);
    static_cast<GpuIdentity&>(gpu) = device.identity();
    gpu.readings = device.readings();
    gpu.settings = device.settings();
    gpu.processes = device.processes();
  } catch (const Error& error) {
    if (gpu.name.empty()) gpu.name = fmt::format("unknown GPU ({})", error.message());
  }
  return gpu;
}

}  // namespace

std::string NvidiaGpu::describe() const {
  return memory_bytes > 0 ? fmt::format("{}, {}", name, format_gib(memory_bytes)) : name;
}

NvidiaDriver ask_nvidia_driver() {
  const Nvml nvml;
  NvidiaDriver driver{nvml.state(), nvml.driver_version(), nvml.cuda_version(), nvml.problem(), {}};
  for (int i = 0; i < nvml.gpu_count(); ++i) driver.gpus.push_back(read_gpu(nvml, i));
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
