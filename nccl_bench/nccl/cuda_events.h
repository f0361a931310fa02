#pragma once

#include <cstddef>
#include <cuda_runtime_api.h>
#include <vector>

#include "nccl_bench/nccl/cuda_memory.h"

namespace sextant::bench {

/// Marks on a stream, and the time between neighbours. They are kept and used again.
class CudaEvents {
 public:
  CudaEvents() = default;
  ~CudaEvents() {
    for (cudaEvent_t event : events_) cudaEventDestroy(event);
  }
  CudaEvents(const CudaEvents&) = delete;
  CudaEvents& operator=(const CudaEvents&) = delete;

  void record(std::size_t index, cudaStream_t stream) {
    while (events_.size() <= index) {
      cudaEvent_t event = nullptr;
      expect_cuda(cudaEventCreate(&event), "making an event");
      events_.push_back(event);
    }
    expect_cuda(cudaEventRecord(events_[index], stream), "recording an event");
  }

  /// Between each of the first `count` + 1 marks and the next, once the stream has passed them.
  std::vector<double> seconds(int count) const {
    std::vector<double> seconds;
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
      float milliseconds = 0;
      expect_cuda(cudaEventElapsedTime(&milliseconds, events_[i], events_[i + 1]),
                  "reading events");
      seconds.push_back(static_cast<double>(milliseconds) * 1e-3);
    }
    return seconds;
  }

 private:
  std::vector<cudaEvent_t> events_;
};

}  // namespace sextant::bench
