#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/profile/profile_point.h"
#include "profiler/device/nvml.h"

namespace sextant::profiler {

/// Where a DeviceWatch gets its readings: NVML, or a test's script of them.
class GpuReadingSource {
 public:
  virtual ~GpuReadingSource() = default;
  /// Throws Error(kBadInput), as processes() does.
  virtual GpuIdentity identity() = 0;
  virtual std::vector<GpuProcess> processes() = 0;
  virtual std::string driver_version() = 0;
  virtual GpuReadings readings() = 0;
  virtual std::optional<std::uint64_t> clock_events() = 0;
};

/// Watches one GPU while it is measured: whether it ran at the clocks that it was asked for, and
/// who else was on it. Everything that cannot be read is left out, never an error.
class DeviceWatch {
 public:
  /// Watches nothing, as for the CPU: no sample is tainted, and there are no conditions.
  DeviceWatch() = default;
  /// Whoever holds memory of the GPU now, this process apart, counts as another process. Create it
  /// before the process's own CUDA context: in a container NVML may number processes as the host
  /// does, and then this one would not know itself.
  explicit DeviceWatch(std::unique_ptr<GpuReadingSource> source);

  /// The GPU with that PCI bus id (cudaDeviceGetPCIBusId(), which needs no context) or UUID.
  /// Without NVML it watches nothing: see problem().
  static DeviceWatch on_gpu(const std::string& bus_id_or_uuid);

  /// Why the GPU is not watched, a sentence for the user; "" where it is.
  const std::string& problem() const { return problem_; }

  /// Around a batch of samples, the second call while the GPU is still at it or just done: NVML
  /// tells the present moment only, and an idle GPU lowers its clocks. One reading, and six: from
  /// microseconds to a few milliseconds, outside of what CUDA events time.
  void begin_sample();
  /// Whether power, heat or hardware held the clocks down when the batch began or ended; `samples`
  /// are in it.
  bool end_sample(int samples = 1);

  /// Over the samples since the last reset(); nothing where nothing was read.
  std::optional<DeviceConditions> conditions() const;
  /// Before the samples of another point.
  void reset();

  /// Of those that were there when the watch began.
  const std::vector<GpuProcess>& other_processes() const { return other_processes_; }

  /// "gpu_name", "gpu_uuid", "driver", "other_processes", and as they are now "sm_clock_mhz",
  /// "memory_clock_mhz", "temperature_c", "power_w", "power_cap_w"; only what is known.
  std::map<std::string, std::string> provenance() const;

 private:
  void take_clock(double mhz, bool idle);

  std::unique_ptr<GpuReadingSource> source_;
  std::string problem_;
  std::map<std::string, std::string> identity_;
  std::vector<GpuProcess> other_processes_;

  std::uint64_t events_at_begin_ = 0;
  std::uint64_t throttled_by_ = 0;
  bool any_reading_ = false;
  bool clocks_are_idle_ = false;  ///< so far no reading was of a busy GPU
  DeviceConditions conditions_;
};

}  // namespace sextant::profiler
