#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sextant::profiler {

/// A process that holds memory of a GPU.
struct GpuProcess {
  unsigned pid = 0;                    ///< in a container: perhaps the host's number
  std::string command;                 ///< "" where NVML may not say
  std::optional<double> memory_bytes;  ///< absent where the driver does not account it

  /// "process 4711 (\"python3\") holds 3.10 GiB".
  std::string text() const;
};

/// What tells one GPU from another, and how full it is. Bytes.
struct GpuIdentity {
  std::string name;  ///< "NVIDIA H200"
  std::string uuid;  ///< "GPU-…"
  double memory_bytes = 0;
  double used_memory_bytes = 0;  ///< by all processes and the driver
};

/// A GPU's state at one moment; absent is what this GPU or driver does not report.
struct GpuReadings {
  std::optional<double> sm_clock_mhz;
  std::optional<double> memory_clock_mhz;
  std::optional<double> temperature_c;
  std::optional<double> power_w;
  std::optional<double> power_cap_w;          ///< the one in force
  std::optional<std::uint64_t> clock_events;  ///< bits of clock_event_names()
};

/// How a GPU is set up; absent is what this GPU or driver does not report.
struct GpuSettings {
  std::optional<bool> persistence;             ///< the driver stays loaded while nobody uses it
  std::optional<bool> ecc;                     ///< memory is checked
  std::optional<bool> mig;                     ///< the GPU is divided into slices
  std::optional<double> power_cap_default_w;   ///< the one that the maker set
  std::optional<double> max_sm_clock_mhz;      ///< the highest that it may take
  std::optional<double> default_sm_clock_mhz;  ///< the application clock that the maker set
};

/// Why clocks are lower than they might be, in NVML's terms ("SwPowerCap", "HwThermalSlowdown", …;
/// nvmlClocksEventReasons of its API reference), by ascending bit; a bit of a newer driver is
/// "0x…".
std::vector<std::string> clock_event_names(std::uint64_t clock_events);
/// Nothing runs, so that clocks fall.
bool says_idle(std::uint64_t clock_events);
/// Whether one of them keeps the clocks below what was asked for: power, heat or hardware. Idleness
/// and clocks that somebody set are no throttling.
bool says_throttled(std::uint64_t clock_events);

class NvmlLibrary;

/// One GPU as NVML knows it. Keeps the library loaded.
class NvmlGpu {
 public:
  /// Throws Error(kBadInput) with NVML's words, as processes() does.
  GpuIdentity identity() const;
  /// Compute and graphics processes, each once, by pid.
  std::vector<GpuProcess> processes() const;
  /// Never throws: what cannot be read is absent.
  GpuReadings readings() const;
  /// Never throws, as readings().
  GpuSettings settings() const;
  /// The one reading that tells throttling.
  std::optional<std::uint64_t> clock_events() const;
  /// "0000:3b:00.0", as CUDA writes it but in lower case; "" where NVML does not tell.
  std::string bus_id() const;
  /// The way to another GPU of the machine, in nvidia-smi's words: "NV18" (so many NVLinks), or
  /// where PCIe paths part, "PIX", "PXB", "PHB", "NODE", "SYS"; "" where NVML does not tell.
  std::string path_to(const NvmlGpu& other) const;

 private:
  /// Active ones that reach it, directly or through a switch.
  int nvlinks_to(const NvmlGpu& other) const;

  friend class Nvml;
  NvmlGpu(std::shared_ptr<const NvmlLibrary> library, void* device)
      : library_(std::move(library)), device_(device) {}

  std::shared_ptr<const NvmlLibrary> library_;
  void* device_;
};

/// NVIDIA's management library, which comes with the driver: loaded at run time, so that programs
/// run where there is none. It counts all GPUs of the machine, whatever CUDA_VISIBLE_DEVICES says.
class Nvml {
 public:
  enum class State {
    kAbsent,   ///< no driver library on this machine
    kWorking,  ///< the driver answered
    kFailing,  ///< the library is there but gives an error
  };

  /// Never throws but std::bad_alloc: see state().
  explicit Nvml(const std::string& library = "libnvidia-ml.so.1");

  State state() const { return state_; }
  /// Of a failing driver, in its own words.
  const std::string& problem() const { return problem_; }
  /// "580.65.06", "" where unknown.
  const std::string& driver_version() const { return driver_version_; }
  /// The newest CUDA that the driver runs, "13.0"; "" where unknown.
  const std::string& cuda_version() const { return cuda_version_; }
  /// 0 unless working.
  int gpu_count() const { return gpu_count_; }

  /// By NVML's index, which is not CUDA's. Throws Error(kBadInput) with NVML's words, as find()
  /// does.
  NvmlGpu gpu(int index) const;
  /// By PCI bus id ("0000:3b:00.0", cudaDeviceGetPCIBusId()) or UUID ("GPU-…").
  NvmlGpu find(const std::string& bus_id_or_uuid) const;

 private:
  std::shared_ptr<const NvmlLibrary> library_;
  State state_ = State::kAbsent;
  std::string problem_;
  std::string driver_version_;
  std::string cuda_version_;
  int gpu_count_ = 0;
};

}  // namespace sextant::profiler
