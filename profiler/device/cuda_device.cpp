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

/// Used on the whole device, by whomever.
double device_bytes_in_use() {
  std::size_t free = 0;
  std::size_t total = 0;
  check(cudaMemGetInfo(&free, &total), "cudaMemGetInfo");
  return static_cast<double>(total - free);
}

class CachingMemory : public DeviceMemory {
 public:
  CachingMemory(c10::DeviceIndex index, double used_before)
      : index_(index), used_before_(used_before) {}

  double allocated() const override { return static_cast<double>(bytes().current); }
  double peak_allocated() const override { return static_cast<double>(bytes().peak); }
  void reset_peak() override {
    peak_reserved_ = peak_reserved();
    allocator::resetPeakStats(index_);
  }
  double peak_reserved() const override {
    return std::max(peak_reserved_, static_cast<double>(reserved().peak));
  }
  double outside_allocator() const override {
    return std::max(0.0,
                    device_bytes_in_use() - used_before_ - static_cast<double>(reserved().current));
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
  double used_before_;
  double peak_reserved_ = 0;
};

class CudaDevice : public Device {
 public:
  CudaDevice(c10::DeviceIndex index, double memory_limit_bytes, double used_before)
      : guard_(index), index_(index), memory_(index, used_before) {
    const cudaDeviceProp& properties = *at::cuda::getDeviceProperties(index);
    if (memory_limit_bytes > 0) {
      const double whole = static_cast<double>(properties.totalGlobalMem);
      allocator::setMemoryFraction(std::min(1.0, memory_limit_bytes / whole), index);
    }
    flush_ = at::empty({2L * properties.l2CacheSize},
                       at::TensorOptions().dtype(at::kByte).device(torch_device()));
  }

  c10::Device torch_device() const override { return {c10::kCUDA, index_}; }
  Evidence evidence() const override { return Evidence::kMeasuredGpu; }
  DeviceClock& clock() override { return clock_; }
  DeviceMemory& memory() override { return memory_; }
  void synchronize() override { c10::cuda::device_synchronize(); }
  void flush_cache() override { flush_.zero_(); }

  std::map<std::string, std::string> provenance() const override {
    const cudaDeviceProp& properties = *at::cuda::getDeviceProperties(index_);
    auto out = library_versions();
    out["gpu_name"] = properties.name;
    int driver = 0;
    check(cudaDriverGetVersion(&driver), "cudaDriverGetVersion");
    out["driver"] = fmt::format("for CUDA {}.{}", driver / 1000, driver % 1000 / 10);
    return out;
  }

 private:
  c10::cuda::CUDAGuard guard_;
  c10::DeviceIndex index_;
  EventClock clock_;
  CachingMemory memory_;
  at::Tensor flush_;
};

}  // namespace

std::unique_ptr<Device> open_cuda_device(int index, double memory_limit_bytes) {
  int count = 0;
  check(cudaGetDeviceCount(&count), "no GPU can be used");
  if (index >= count) {
    throw_bad_input(fmt::format("GPU {} was asked for, {} are visible", index, count));
  }
  check(cudaSetDevice(index), "the GPU cannot be used");
  return std::make_unique<CudaDevice>(static_cast<c10::DeviceIndex>(index), memory_limit_bytes,
                                      0.0);
}

}  // namespace sextant::profiler

#else

namespace sextant::profiler {

std::unique_ptr<Device> open_cuda_device(int, double) {
  throw_bad_input("this build has no CUDA: only --device cpu can be measured");
}

}  // namespace sextant::profiler

#endif
