#include "tests/gpu/add_one.h"

namespace sextant::testing {

namespace {

__global__ void add_one_kernel(int* values, int count) {
  const int index = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (index < count) ++values[index];
}

}  // namespace

cudaError_t add_one(int* values, int count) {
  constexpr int kThreads = 128;
  add_one_kernel<<<(count + kThreads - 1) / kThreads, kThreads>>>(values, count);
  return cudaGetLastError();
}

}  // namespace sextant::testing
