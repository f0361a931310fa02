#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sextant::profiler {

/// A process that computes on a GPU.
struct GpuProcess {
  unsigned id = 0;
  std::string name;       ///< "" where it runs in another container or its name is not told
  double used_bytes = 0;  ///< of device memory; 0 where the driver does not say
};

struct NvidiaGpu {
  std::string name = "unknown GPU";  ///< "NVIDIA H200"
  std::string uuid;                  ///< "GPU-…"
  double memory_bytes = 0;           ///< 0 where the driver does not say
  double used_bytes = 0;
  std::vector<GpuProcess> processes;

  /// "NVIDIA H200, 140.4 GiB".
  std::string describe() const;
};

/// What the NVIDIA driver says about itself and its GPUs.
struct NvidiaDriver {
  enum class State {
    kAbsent,   ///< no driver library on this machine
    kWorking,  ///< the driver answered
    kFailing,  ///< the library is there but gives an error
  };
  State state = State::kAbsent;
  std::string version;          ///< "580.65.06"
  std::string cuda;             ///< newest CUDA that it runs, "13.0"
  std::string problem;          ///< of a failing driver, in its own words
  std::vector<NvidiaGpu> gpus;  ///< by index
};

/// Asks NVML through dlopen, so that the program runs where there is no driver.
NvidiaDriver ask_nvidia_driver();

/// Those of `gpus` that CUDA programs see where CUDA_VISIBLE_DEVICES has the value `visible`:
/// indices or beginnings of UUIDs, separated by commas; what follows an unknown one is not seen
/// (CUDA C++ Programming Guide, "CUDA Environment Variables").
std::vector<NvidiaGpu> visible_gpus(const std::vector<NvidiaGpu>& gpus, std::string_view visible);

}  // namespace sextant::profiler
