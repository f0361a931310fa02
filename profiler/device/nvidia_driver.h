#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "profiler/device/nvml.h"

namespace sextant::profiler {

/// A GPU and who is on it.
struct NvidiaGpu : GpuIdentity {
  std::vector<GpuProcess> processes;
  GpuReadings readings;
  GpuSettings settings;

  /// "NVIDIA H200, 140.4 GiB".
  std::string describe() const;
};

/// What the NVIDIA driver says about itself and its GPUs at one moment.
struct NvidiaDriver {
  Nvml::State state = Nvml::State::kAbsent;
  std::string version;          ///< "580.65.06"
  std::string cuda;             ///< newest CUDA that it runs, "13.0"
  std::string problem;          ///< of a failing driver, in its own words
  std::vector<NvidiaGpu> gpus;  ///< by NVML's index; one that cannot be read is "unknown GPU"
};

NvidiaDriver ask_nvidia_driver();

/// Those of `gpus` that CUDA programs see where CUDA_VISIBLE_DEVICES has the value `visible`:
/// indices or beginnings of UUIDs, separated by commas; what follows an unknown one is not seen
/// (CUDA C++ Programming Guide, "CUDA Environment Variables").
std::vector<NvidiaGpu> visible_gpus(const std::vector<NvidiaGpu>& gpus, std::string_view visible);

}  // namespace sextant::profiler
