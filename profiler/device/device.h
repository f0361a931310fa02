#pragma once

#include <c10/core/Device.h>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "analyzer/profile/profile_point.h"

namespace sextant::profiler {

/// Points in a device's own time. Marks are taken in the order in which the device works through
/// its current stream, without waiting for it.
class DeviceClock {
 public:
  virtual ~DeviceClock() = default;
  /// Forgets all marks; their resources are used again.
  virtual void reset() = 0;
  /// Takes a mark; returns its number, counted from 0 since reset(). Any thread that enqueues work.
  virtual int mark() = 0;
  /// Seconds from mark `from` to mark `to`, once the device has passed both (Device::synchronize).
  virtual double seconds(int from, int to) = 0;
};

/// Device memory that tensors of this process take, bytes.
class DeviceMemory {
 public:
  virtual ~DeviceMemory() = default;
  virtual double allocated() const = 0;
  /// Largest allocated() since reset_peak().
  virtual double peak_allocated() const = 0;
  virtual void reset_peak() = 0;
  /// Largest that the allocator took from the device since forget_peaks(), whatever reset_peak()
  /// was called in between.
  virtual double peak_reserved() const = 0;
  virtual void forget_peaks() = 0;
  /// Taken by the process beside the allocator: context, modules, libraries. 0 where unknown.
  virtual double outside_allocator() const = 0;
  /// Gives cached memory back to the device.
  virtual void release_cached() = 0;
};

/// What a rank measures on.
class Device {
 public:
  virtual ~Device() = default;
  virtual c10::Device torch_device() const = 0;
  virtual Evidence evidence() const = 0;
  virtual DeviceClock& clock() = 0;
  virtual DeviceMemory& memory() = 0;
  /// Waits until all enqueued work is done.
  virtual void synchronize() = 0;
  /// Overwrites the last-level cache, so that what was touched before is read from memory again.
  virtual void flush_cache() = 0;
  /// Before another point is measured: conditions() and peaks are of what follows.
  virtual void begin_point() { memory().forget_peaks(); }
  /// Around each sample; end_sample() tells whether the device was throttled meanwhile.
  virtual void begin_sample() {}
  virtual bool end_sample() { return false; }
  virtual std::optional<DeviceConditions> conditions() const { return std::nullopt; }
  /// What a document says of the device and its libraries.
  virtual std::map<std::string, std::string> provenance() const = 0;
};

/// The CPU. Its memory is counted by an allocator that every tensor of the process goes through
/// from then on; more than `memory_limit_bytes` (0 = no limit) is refused as a device's memory is.
/// It has as many threads as OMP_NUM_THREADS says.
std::unique_ptr<Device> open_cpu_device(double memory_limit_bytes);

/// GPU `index` of those that are visible. Throws Error(kBadInput) where there is none, or this
/// build has no CUDA.
std::unique_ptr<Device> open_cuda_device(int index, double memory_limit_bytes);

/// Whether `failure` says that device memory ran out.
bool is_out_of_memory(const std::exception& failure);

}  // namespace sextant::profiler
