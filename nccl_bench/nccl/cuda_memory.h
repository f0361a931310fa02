#pragma once

#include <cstddef>
#include <cuda_runtime_api.h>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "analyzer/core/error.h"

namespace sextant::bench {

/// Throws Error(kBadInput) with CUDA's words unless `status` is success.
inline void expect_cuda(cudaError_t status, const char* doing) {
  if (status == cudaSuccess) return;
  throw_bad_input(fmt::format("{}: CUDA says \"{}\"", doing, cudaGetErrorString(status)));
}

/// Memory of the current GPU, or pinned memory of the host, that grows and is never given back in
/// between: allocating takes longer than most messages.
class CudaMemory {
 public:
  enum class Place { kDevice, kPinnedHost };

  explicit CudaMemory(Place place) : place_(place) {}
  ~CudaMemory() { release(); }
  CudaMemory(const CudaMemory&) = delete;
  CudaMemory& operator=(const CudaMemory&) = delete;

  /// At least `bytes`; what it held is lost where it grows.
  char* at_least(std::size_t bytes) {
    if (bytes > capacity_) {
      release();
      expect_cuda(
          place_ == Place::kDevice ? cudaMalloc(&memory_, bytes) : cudaMallocHost(&memory_, bytes),
          fmt::format("allocating {} bytes", bytes).c_str());
      capacity_ = bytes;
    }
    return static_cast<char*>(memory_);
  }

 private:
  void release() {
    if (memory_ == nullptr) return;
    if (place_ == Place::kDevice) {
      cudaFree(memory_);
    } else {
      cudaFreeHost(memory_);
    }
    memory_ = nullptr;
    capacity_ = 0;
  }

  Place place_;
  void* memory_ = nullptr;
  std::size_t capacity_ = 0;
};

}  // namespace sextant::bench
