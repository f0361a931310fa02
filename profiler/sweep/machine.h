#pragma once

#include <map>
#include <string>
#include <vector>

#include "profiler/device/nvidia_driver.h"
#include "profiler/protocol/profile_request.h"

namespace sextant::profiler {

/// What a sweep runs on.
struct Machine {
  DeviceKind device = DeviceKind::kCpu;
  std::string gpu;  ///< name of the type in documents, "H200-141", "CPU"
  int devices = 0;  ///< GPUs that are visible; 0 on the CPU, where every rank is a process
  /// "host", and of a GPU "gpu_name", "driver" and "cuda": of points that no rank could describe.
  std::map<std::string, std::string> provenance;
  std::vector<std::string> warnings;  ///< one sentence each
};

/// The machine that this runs on. `gpu_type` is the user's name of the type, "" to derive it from
/// the device's. Throws Error(kBadInput) where device is kCuda and there is no usable GPU (with
/// what was looked for), or its type is not known.
Machine examine_machine(DeviceKind device, const std::string& gpu_type);

/// The same from what the driver said of the visible GPUs.
Machine machine_with(const NvidiaDriver& driver, const std::vector<NvidiaGpu>& gpus,
                     const std::string& gpu_type);

/// A node with the usual number of GPUs of that type (one where the type is not shipped): a plan
/// may be made where there is none, as on the login node of a cluster.
Machine machine_elsewhere(const std::string& gpu_type);

}  // namespace sextant::profiler
