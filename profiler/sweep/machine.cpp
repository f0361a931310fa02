#include "profiler/sweep/machine.h"

#include <algorithm>
#include <cstdlib>
#include <unistd.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "analyzer/core/table.h"
#include "analyzer/profile/estimate_points.h"
#include "analyzer/profile/gpu.h"
#include "analyzer/profile/gpu_device_name.h"

namespace sextant::profiler {

namespace {

/// A sentence where others hold memory of the GPU, else "".
std::string occupation(std::size_t index, const NvidiaGpu& gpu) {
  // What a driver holds on an idle GPU of its own, with a margin.
  constexpr double kIdleBytes = 0x1p30;
  if (gpu.processes.empty() && gpu.used_memory_bytes <= kIdleBytes) return "";
  std::vector<std::string> holders;
  for (const GpuProcess& process : gpu.processes) holders.push_back(process.text());
  if (holders.empty()) holders.emplace_back("the driver does not say by whom");
  return fmt::format(
      "GPU {}: {} of {} are taken already ({}): times will be disturbed and memory runs out early",
      index, format_gib(gpu.used_memory_bytes), format_gib(gpu.memory_bytes),
      fmt::join(holders, ", "));
}

std::string type_of_gpus(const std::vector<NvidiaGpu>& gpus) {
  for (const NvidiaGpu& gpu : gpus) {
    if (gpu.name != gpus.front().name) {
      throw_bad_input(
          fmt::format("the visible GPUs differ ({} and {}): choose equal ones with "
                      "CUDA_VISIBLE_DEVICES, or name the type with --gpu-type",
                      quote(gpus.front().name), quote(gpu.name)));
    }
  }
  std::string type = gpu_type_of(gpus.front().name, gpus.front().memory_bytes);
  if (type.empty()) {
    throw_bad_input(
        fmt::format("{} is none of the GPU types that ship ({}): name it with --gpu-type NAME",
                    quote(gpus.front().describe()), fmt::join(gpu_names(), ", ")));
  }
  return type;
}

}  // namespace

Machine machine_with(const NvidiaDriver& driver, const std::vector<NvidiaGpu>& gpus,
                     const std::string& gpu_type) {
  Machine machine;
  machine.device = DeviceKind::kCuda;
  machine.gpu = gpu_type.empty() ? type_of_gpus(gpus) : shipped_gpu_name(gpu_type);
  machine.devices = static_cast<int>(gpus.size());
  machine.provenance = {{"host", host_name()},
                        {"gpu_name", gpus.front().name},
                        {"driver", driver.version.empty() ? "unknown" : driver.version},
                        {"cuda", driver.cuda.empty() ? "unknown" : driver.cuda}};
  for (std::size_t i = 0; i < gpus.size(); ++i) {
    if (std::string text = occupation(i, gpus[i]); !text.empty()) {
      machine.warnings.push_back(std::move(text));
    }
  }
  return machine;
}

Machine machine_elsewhere(const std::string& gpu_type) {
  Machine machine;
  machine.device = DeviceKind::kCuda;
  machine.gpu = shipped_gpu_name(gpu_type);
  const std::vector<std::string> known = gpu_names();
  const bool shipped = std::find(known.begin(), known.end(), machine.gpu) != known.end();
  machine.devices = shipped ? gpu_named(machine.gpu).gpus_per_node : 1;
  machine.provenance = {{"host", host_name()}};
  machine.warnings = {fmt::format("there is no GPU here: planned for a node with {} {}",
                                  machine.devices, machine.gpu)};
  return machine;
}

Machine examine_machine(DeviceKind device, const std::string& gpu_type) {
  if (device == DeviceKind::kCpu) {
    Machine machine;
    machine.gpu = gpu_type.empty() ? "CPU" : gpu_type;
    machine.provenance = {{"host", host_name()}};
    return machine;
  }
  constexpr std::string_view kHint = "; --device cpu measures on the CPU";
  const NvidiaDriver driver = ask_nvidia_driver();
  if (driver.state == Nvml::State::kAbsent) {
    throw_bad_input(
        fmt::format("no GPU: the driver's library libnvidia-ml.so.1 is not here, nor "
                    "libcuda.so.1{}",
                    kHint));
  }
  if (driver.state == Nvml::State::kFailing) {
    throw_bad_input(
        fmt::format("no GPU: the NVIDIA driver says {}{}", quote(driver.problem), kHint));
  }
  const char* const visible = std::getenv("CUDA_VISIBLE_DEVICES");
  const std::vector<NvidiaGpu> gpus =
      visible == nullptr ? driver.gpus : visible_gpus(driver.gpus, visible);
  if (gpus.empty()) {
    throw_bad_input(
        visible == nullptr
            ? fmt::format("no GPU: the driver {} sees none{}", driver.version, kHint)
            : fmt::format("no GPU: the driver sees {}, but CUDA_VISIBLE_DEVICES={} lets none be "
                          "used{}",
                          driver.gpus.size(), quote(visible), kHint));
  }
  return machine_with(driver, gpus, gpu_type);
}

}  // namespace sextant::profiler
