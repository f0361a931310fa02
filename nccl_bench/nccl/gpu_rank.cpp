#include "nccl_bench/nccl/gpu_rank.h"

#include <array>
#include <cctype>
#include <cuda_runtime_api.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "analyzer/profile/gpu_device_name.h"
#include "nccl_bench/nccl/cuda_memory.h"
#include "nccl_bench/topology.h"
#include "profiler/device/nvml.h"

namespace sextant::bench {

namespace {

cudaDeviceProp properties_of(int device) {
  cudaDeviceProp properties;
  expect_cuda(cudaGetDeviceProperties(&properties, device),
              fmt::format("looking for GPU {}", device).c_str());
  return properties;
}

std::string bus_id_of(int device) {
  std::array<char, 32> text{};
  expect_cuda(cudaDeviceGetPCIBusId(text.data(), static_cast<int>(text.size()), device),
              fmt::format("looking for GPU {}", device).c_str());
  std::string bus_id = text.data();
  for (char& c : bus_id) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return bus_id;
}

std::string cuda_version_text(int version) {
  return fmt::format("{}.{}", version / 1000, version % 1000 / 10);
}

}  // namespace

int visible_gpu_count() {
  int count = 0;
  return cudaGetDeviceCount(&count) == cudaSuccess ? count : 0;
}

// The watch comes first: whoever is on the GPU before this process's context are others.
GpuRank::GpuRank(int device)
    : bus_id_(bus_id_of(device)), watch_(profiler::DeviceWatch::on_gpu(bus_id_)) {
  const cudaDeviceProp properties = properties_of(device);
  device_name_ = properties.name;
  gpu_type_ = gpu_type_of(device_name_, static_cast<double>(properties.totalGlobalMem));
}

std::map<std::string, std::string> GpuRank::details() const {
  std::map<std::string, std::string> details = watch_.provenance();
  details["gpu_name"] = device_name_;
  details["pci_bus_id"] = bus_id_;
  int runtime = 0;
  if (cudaRuntimeGetVersion(&runtime) == cudaSuccess) details["cuda"] = cuda_version_text(runtime);
  // A document of a GPU says which driver, even that it is not known.
  details.try_emplace("driver", "unknown");
  if (const auto conditions = watch_.conditions()) {
    details["sm_clock_mhz_min"] = fmt::format("{:.0f}", conditions->sm_clock_mhz_min);
    details["sm_clock_mhz_max"] = fmt::format("{:.0f}", conditions->sm_clock_mhz_max);
    details["temperature_c_max"] = fmt::format("{:.0f}", conditions->temperature_c_max);
    details["power_w_max"] = fmt::format("{:.1f}", conditions->power_w_max);
    details["throttled_by"] = fmt::format("{}", fmt::join(conditions->throttle_reasons, ", "));
  }
  if (!watch_.problem().empty()) details["unwatched"] = watch_.problem();
  return details;
}

std::map<std::string, std::string> GpuRank::paths() const {
  // All GPUs of the machine: a launcher may show each process only its own.
  const profiler::Nvml nvml;
  std::map<std::string, std::string> paths;
  if (nvml.state() != profiler::Nvml::State::kWorking) return paths;
  try {
    const profiler::NvmlGpu own = nvml.find(bus_id_);
    for (int i = 0; i < nvml.gpu_count(); ++i) {
      const profiler::NvmlGpu other = nvml.gpu(i);
      const std::string path = other.bus_id() == bus_id_ ? "" : own.path_to(other);
      if (!path.empty()) paths[path_detail(other.bus_id())] = path;
    }
  } catch (const Error&) {
    // Ways that NVML does not tell stay unknown.
  }
  return paths;
}

}  // namespace sextant::bench
