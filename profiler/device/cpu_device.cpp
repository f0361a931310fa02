#include <ATen/Parallel.h>
#include <algorithm>
#include <c10/core/CPUAllocator.h>
#include <c10/util/Exception.h>
#include <chrono>
#include <string_view>
#include <unistd.h>
#include <vector>

#include "profiler/device/counting_allocator.h"
#include "profiler/device/device.h"
#include "profiler/device/versions.h"

namespace sextant::profiler {

namespace {

/// Work is done when a call returns, so the machine's clock is the device's.
class CpuClock : public DeviceClock {
 public:
  void reset() override { marks_.clear(); }
  int mark() override {
    marks_.push_back(std::chrono::steady_clock::now());
    return static_cast<int>(marks_.size()) - 1;
  }
  double seconds(int from, int to) override {
    const auto at = [&](int mark) { return marks_[static_cast<std::size_t>(mark)]; };
    return std::chrono::duration<double>(at(to) - at(from)).count();
  }

 private:
  std::vector<std::chrono::steady_clock::time_point> marks_;
};

/// Every tensor of the process comes from it once it was asked for; c10 keeps it for good.
CountingAllocator& process_allocator() {
  static CountingAllocator* const allocator = [] {
    auto* const made = new CountingAllocator(*c10::GetDefaultCPUAllocator());
    c10::SetCPUAllocator(made, /*priority=*/1);
    return made;
  }();
  return *allocator;
}

class CpuMemory : public DeviceMemory {
 public:
  explicit CpuMemory(CountingAllocator& allocator) : allocator_(allocator) {}
  double allocated() const override { return static_cast<double>(allocator_.allocated()); }
  double peak_allocated() const override { return static_cast<double>(allocator_.peak()); }
  void reset_peak() override {
    peak_ever_ = peak_reserved();
    allocator_.reset_peak();
  }
  double peak_reserved() const override { return std::max(peak_ever_, peak_allocated()); }
  void forget_peaks() override {
    allocator_.reset_peak();
    peak_ever_ = 0;
  }
  double outside_allocator() const override { return 0; }
  void release_cached() override {}

 private:
  CountingAllocator& allocator_;
  double peak_ever_ = 0;
};

class CpuDevice : public Device {
 public:
  explicit CpuDevice(double memory_limit_bytes) : memory_(process_allocator()) {
    process_allocator().set_limit(static_cast<std::int64_t>(memory_limit_bytes));
  }

  c10::Device torch_device() const override { return c10::kCPU; }
  Evidence evidence() const override { return Evidence::kMeasuredCpu; }
  DeviceClock& clock() override { return clock_; }
  DeviceMemory& memory() override { return memory_; }
  void synchronize() override {}

  void flush_cache() override {
    if (flush_.empty()) {
      constexpr long kLeast = 8L << 20;  // where the system does not tell
      constexpr long kMost = 64L << 20;  // of a server's cache these cores have a share
      const long cache = std::max(kLeast, sysconf(_SC_LEVEL3_CACHE_SIZE));
      flush_.resize(static_cast<std::size_t>(std::min(2 * cache, kMost)));
    }
    std::fill(flush_.begin(), flush_.end(), ++pass_);
  }

  std::map<std::string, std::string> provenance() const override {
    auto out = library_versions();
    out["threads"] = std::to_string(at::get_num_threads());
    return out;
  }

 private:
  CpuClock clock_;
  CpuMemory memory_;
  std::vector<unsigned char> flush_;
  unsigned char pass_ = 0;
};

}  // namespace

std::unique_ptr<Device> open_cpu_device(double memory_limit_bytes) {
  return std::make_unique<CpuDevice>(memory_limit_bytes);
}

bool is_out_of_memory(const std::exception& failure) {
  if (dynamic_cast<const c10::OutOfMemoryError*>(&failure) != nullptr) return true;
  // Libraries report an allocation of their own that failed as a status in words.
  const std::string_view text = failure.what();
  return text.find("out of memory") != std::string_view::npos ||
         text.find("CUBLAS_STATUS_ALLOC_FAILED") != std::string_view::npos ||
         text.find("can't allocate memory") != std::string_view::npos;
}

}  // namespace sextant::profiler
