// The part of the CUDA runtime that nccl_bench calls, on the host's memory: streams do at once what
// they are given. And the kernels as loops.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <cuda_runtime_api.h>

#include "nccl_bench/nccl/element_kernels.h"
#include "tests/nccl_bench/fake_gpu/host_elements.h"

using Clock = std::chrono::steady_clock;

extern "C" {

cudaError_t cudaSetDevice(int device) {
  return device < 8 ? cudaSuccess : cudaErrorInvalidDevice;
}
cudaError_t cudaGetDeviceCount(int* count) {
  *count = 8;
  return cudaSuccess;
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  *properties = {};
  std::strcpy(properties->name, "Fake GPU");
  return cudaSetDevice(device);
}
cudaError_t cudaDeviceGetPCIBusId(char* text, int length, int device) {
  std::snprintf(text, static_cast<std::size_t>(length), "0000:%02x:00.0", device);
  return cudaSetDevice(device);
}
cudaError_t cudaRuntimeGetVersion(int* version) {
  *version = 13000;
  return cudaSuccess;
}
const char* cudaGetErrorString(cudaError_t status) {
  switch (status) {
    case cudaErrorMemoryAllocation:
      return "out of memory";
    case cudaErrorInvalidDevice:
      return "invalid device ordinal";
    default:
      return "unknown";
  }
}
cudaError_t cudaGetLastError() {
  return cudaSuccess;
}
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  *stream = reinterpret_cast<cudaStream_t>(std::malloc(1));
  return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  std::free(stream);
  return cudaSuccess;
}
cudaError_t cudaStreamQuery(cudaStream_t) {
  return cudaSuccess;
}
cudaError_t cudaEventCreate(cudaEvent_t* event) {
  *event = reinterpret_cast<cudaEvent_t>(new Clock::time_point);
  return cudaSuccess;
}
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete reinterpret_cast<Clock::time_point*>(event);
  return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t) {
  *reinterpret_cast<Clock::time_point*>(event) = Clock::now();
  return cudaSuccess;
}
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t end) {
  *milliseconds =
      std::chrono::duration<float, std::milli>(*reinterpret_cast<Clock::time_point*>(end) -
                                               *reinterpret_cast<Clock::time_point*>(start))
          .count();
  return cudaSuccess;
}
cudaError_t cudaMalloc(void** memory, std::size_t bytes) {
  constexpr std::size_t kDeviceMemory = std::size_t{1} << 28;
  if (bytes > kDeviceMemory) return cudaErrorMemoryAllocation;
  *memory = std::malloc(bytes);
  return cudaSuccess;
}
cudaError_t cudaFree(void* memory) {
  std::free(memory);
  return cudaSuccess;
}
cudaError_t cudaMallocHost(void** memory, std::size_t bytes) {
  return cudaMalloc(memory, bytes);
}
cudaError_t cudaFreeHost(void* memory) {
  return cudaFree(memory);
}
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind,
                            cudaStream_t) {
  std::memcpy(to, from, bytes);
  return cudaSuccess;
}
cudaError_t cudaMemsetAsync(void* memory, int value, std::size_t bytes, cudaStream_t) {
  std::memset(memory, value, bytes);
  return cudaSuccess;
}

}  // extern "C"

namespace sextant::bench {

void fill_elements(void* elements, ElementType type, std::int64_t count, const ValueRule& values,
                   int rank, cudaStream_t) {
  for (std::int64_t i = 0; i < count; ++i) {
    store_element(elements, type, i, values.given(rank, i));
  }
}

void count_wrong_elements(const void* elements, ElementType type, std::int64_t count,
                          const ResultRule& rule, unsigned long long* wrong, cudaStream_t) {
  for (std::int64_t i = 0; i < count; ++i) {
    if (!(load_element(elements, type, i) == rule.at(i))) ++*wrong;
  }
}

void spoil_element(void* elements, ElementType type, std::int64_t count, cudaStream_t) {
  if (count == 0) return;
  const double was = load_element(elements, type, count / 2);
  store_element(elements, type, count / 2, was == 1 ? 0 : 1);
}

}  // namespace sextant::bench
