#include "nccl_bench/nccl/gpu_rank.h"

#include <array>
#include <cuda_runtime_api.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "analyzer/profile/gpu_device_name.h"
#include "nccl_bench/nccl/cuda_memory.h"
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
  return text.data();
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

std::vector<PairTopology> gpu_topology(const std::vector<std::string>& bus_ids) {
  const profiler::Nvml nvml;
  std::vector<PairTopology> pairs;
  if (nvml.state() != profiler::Nvml::State::kWorking) return pairs;
  for (std::size_t a = 0; a < bus_ids.size(); ++a) {
    for (std::size_t b = a + 1; b < bus_ids.size(); ++b) {
      const std::string path = nvml.find(bus_ids[a]).path_to(nvml.find(bus_ids[b]));
      if (!path.empty()) pairs.push_back({static_cast<int>(a), static_cast<int>(b), path});
    }
  }
  return pairs;
}

}  // namespace sextant::bench
