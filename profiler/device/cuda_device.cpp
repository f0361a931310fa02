#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "profiler/device/device.h"

#ifdef SEXTANT_TORCH_CUDA

#include <ATen/ATen.h>
#include <ATen/cuda/CUDAContext.h>
#include <ATen/cuda/CUDAEvent.h>
#include <algorithm>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAGuard.h>
#include <cuda_runtime_api.h>
#include <deque>
#include <mutex>

#include "profiler/device/device_watch.h"
#include "profiler/device/nvml.h"
#include "profiler/device/versions.h"

namespace sextant::profiler {

namespace {

namespace allocator = c10::cuda::CUDACachingAllocator;

/// Throws Error(kBadInput) in CUDA's own words.
void check(cudaError_t status, const char* what) {
  if (status == cudaSuccess) return;
  throw_bad_input(
      fmt::format("{}: {} ({})", what, cudaGetErrorString(status), cudaGetErrorName(status)));
}

/// Events on the current stream. Backward takes marks from the autograd thread.
class EventClock : public DeviceClock {
 public:
  void reset() override { taken_ = 0; }

  int mark() override {
    const std::lock_guard lock(mutex_);
    if (static_cast<std::size_t>(taken_) == events_.size()) events_.emplace_back(cudaEventDefault);
    events_[static_cast<std::size_t>(taken_)].record(at::cuda::getCurrentCUDAStream());
    return taken_++;
  }

  double seconds(int from, int to) override {
    const auto& first = events_[static_cast<std::size_t>(from)];
    const auto& last = events_[static_cast<std::size_t>(to)];
    constexpr double kMillisecond = 1e-3;
    return kMillisecond * static_cast<double>(first.elapsed_time(last));
  }

 private:
  std::mutex mutex_;
  std::deque<at::cuda::CUDAEvent> events_;  // stable addresses, used again after reset()
  int taken_ = 0;
};

/// Used on the whole GPU by whomever; 0 where NVML cannot tell. Needs no CUDA context, so that what
/// one takes shows as a difference.
double used_bytes(const std::string& bus_id) {
  try {
    return Nvml().find(bus_id).identity().used_memory_bytes;
  } catch (const Error&) {
    return 0;
  }
}

class CachingMemory : public DeviceMemory {
 public:
  CachingMemory(c10::DeviceIndex index, std::string bus_id)
      : index_(index), bus_id_(std::move(bus_id)), used_before_(used_bytes(bus_id_)) {}

  double allocated() const override { return static_cast<double>(bytes().current); }
  double peak_allocated() const override { return static_cast<double>(bytes().peak); }
  void reset_peak() override {
    peak_reserved_ = peak_reserved();
    allocator::resetPeakStats(index_);
  }
  double peak_reserved() const override {
    return std::max(peak_reserved_, static_cast<double>(reserved().peak));
  }
  void forget_peaks() override {
    allocator::resetPeakStats(index_);
    peak_reserved_ = 0;
  }
  double outside_allocator() const override {
    return std::max(0.0,
                    used_bytes(bus_id_) - used_before_ - static_cast<double>(reserved().current));
  }
  void release_cached() override { allocator::emptyCache(); }

 private:
  using Stat = c10::CachingAllocator::Stat;
  Stat bytes() const { return stats().allocated_bytes[kAll]; }
  Stat reserved() const { return stats().reserved_bytes[kAll]; }
  c10::CachingDeviceAllocator::DeviceStats stats() const {
    return allocator::getDeviceStats(index_);
  }
  static constexpr auto kAll = static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE);

  c10::DeviceIndex index_;
  std::string bus_id_;
  double used_before_;
  double peak_reserved_ = 0;
};

class CudaDevice : public Device {
 public:
  /// The watch and the account of memory come first: both must see the GPU before this process has
  /// a context on it.
  CudaDevice(c10::DeviceIndex index, const std::string& bus_id, double memory_limit_bytes)
      : watch_(DeviceWatch::on_gpu(bus_id)), memory_(index, bus_id), index_(index), guard_(index) {
    at::globalContext().lazyInitDevice(at::kCUDA);  // the allocator's statistics need it
    const cudaDeviceProp& properties = *at::cuda::getDeviceProperties(index);
    if (memory_limit_bytes > 0) {
      const double whole = static_cast<double>(properties.totalGlobalMem);
      allocator::setMemoryFraction(std::min(1.0, memory_limit_bytes / whole), index);
    }
    constexpr std::int64_t kTwice = 2;  // what is left of a cache of pseudo-random replacement
    flush_ = at::empty({kTwice * properties.l2CacheSize},
                       at::TensorOptions().dtype(at::kByte).device(torch_device()));
  }

  c10::Device torch_device() const override { return {c10::kCUDA, index_}; }
  Evidence evidence() const override { return Evidence::kMeasuredGpu; }
  DeviceClock& clock() override { return clock_; }
  DeviceMemory& memory() override { return memory_; }
  void synchronize() override { c10::cuda::device_synchronize(); }
  void flush_cache() override { flush_.zero_(); }
  void begin_sample() override { watch_.begin_sample(); }
  bool end_sample() override { return watch_.end_sample(); }
  void begin_point() override {
    Device::begin_point();
    watch_.reset();
  }
  std::optional<DeviceConditions> conditions() const override { return watch_.conditions(); }

  std::map<std::string, std::string> provenance() const override {
    auto out = watch_.provenance();
    out.merge(library_versions());
    out.emplace("gpu_name", at::cuda::getDeviceProperties(index_)->name);
    int version = 0;  // what the driver can run, where NVML does not tell its own version
    check(cudaDriverGetVersion(&version), "cudaDriverGetVersion");
    out.emplace("driver", fmt::format("for CUDA {}.{}", version / 1000, version % 1000 / 10));
    if (!watch_.problem().empty()) out.emplace("not_watched", watch_.problem());
    return out;
  }

 private:
  DeviceWatch watch_;
  CachingMemory memory_;
  c10::DeviceIndex index_;
  c10::cuda::CUDAGuard guard_;
  EventClock clock_;
  at::Tensor flush_;
};

}  // namespace

std::unique_ptr<Device> open_cuda_device(int index, double memory_limit_bytes) {
  int count = 0;
  check(cudaGetDeviceCount(&count), "no GPU can be used");
  if (index >= count) {
    throw_bad_input(fmt::format("GPU {} was asked for, {} are visible", index, count));
  }
  constexpr int kLongest = 32;
  char bus_id[kLongest] = {};
  check(cudaDeviceGetPCIBusId(bus_id, kLongest, index), "the GPU cannot be used");
  return std::make_unique<CudaDevice>(static_cast<c10::DeviceIndex>(index), bus_id,
                                      memory_limit_bytes);
}

}  // namespace sextant::profiler

#else

namespace sextant::profiler {

std::unique_ptr<Device> open_cuda_device(int, double) {
  throw_bad_input("this build has no CUDA: only --device cpu can be measured");
}

}  // namespace sextant::profiler

#endif
