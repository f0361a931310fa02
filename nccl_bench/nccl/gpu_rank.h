#pragma once

#include <map>
#include <string>

#include "profiler/device/device_watch.h"

namespace sextant::bench {

/// GPUs that this process sees; 0 where there is none, or no driver.
int visible_gpu_count();

/// The GPU of a rank: what a document says of it, and how it was while it was measured.
class GpuRank {
 public:
  /// `device`: CUDA's index. Throws Error(kBadInput) where there is no such GPU.
  explicit GpuRank(int device);

  /// "NVIDIA H200".
  const std::string& device_name() const { return device_name_; }
  /// Its type's name here, "H200-141"; "" where none is shipped that it is.
  const std::string& gpu_type() const { return gpu_type_; }
  /// Around what is timed: clocks and throttling are read at both ends.
  void begin_measuring() { watch_.begin_sample(); }
  void end_measuring() { watch_.end_sample(); }

  /// "pci_bus_id", "uuid", "driver", "cuda", clocks, temperature, power, "throttled_by".
  std::map<std::string, std::string> details() const;
  /// The ways to the other GPUs of the machine, as take_topology() finds them; empty without NVML.
  std::map<std::string, std::string> paths() const;

 private:
  std::string device_name_;
  std::string gpu_type_;
  std::string bus_id_;
  profiler::DeviceWatch watch_;
};

}  // namespace sextant::bench
