#include <algorithm>
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "nccl_bench/nccl/element_kernels.h"

namespace sextant::bench {

namespace {

constexpr int kThreads = 256;

/// Enough blocks to fill any GPU; threads stride over the rest.
int blocks_for(std::int64_t count) {
  constexpr std::int64_t kMost = 2048;
  return static_cast<int>(std::clamp<std::int64_t>((count + kThreads - 1) / kThreads, 1, kMost));
}

// Small whole numbers are exact in every type, so that fp64 tells them apart.
template <typename T>
__device__ T from_int(int value) {
  return static_cast<T>(static_cast<float>(value));
}
template <typename T>
__device__ double to_double(T value) {
  return static_cast<double>(value);
}
template <>
__device__ __half from_int<__half>(int value) {
  return __float2half(static_cast<float>(value));
}
template <>
__device__ double to_double<__half>(__half value) {
  return __half2float(value);
}
template <>
__device__ __nv_bfloat16 from_int<__nv_bfloat16>(int value) {
  return __float2bfloat16(static_cast<float>(value));
}
template <>
__device__ double to_double<__nv_bfloat16>(__nv_bfloat16 value) {
  return __bfloat162float(value);
}

template <typename T>
__global__ void fill(T* elements, std::int64_t count, ValueRule values, int rank) {
  const std::int64_t stride = static_cast<std::int64_t>(gridDim.x) * blockDim.x;
  for (std::int64_t i = blockIdx.x * static_cast<std::int64_t>(blockDim.x) + threadIdx.x; i < count;
       i += stride) {
    elements[i] = from_int<T>(values.given(rank, i));
  }
}

template <typename T>
__global__ void count_wrong(const T* elements, std::int64_t count, ResultRule rule,
                            unsigned long long* wrong) {
  const std::int64_t stride = static_cast<std::int64_t>(gridDim.x) * blockDim.x;
  unsigned long long mine = 0;
  for (std::int64_t i = blockIdx.x * static_cast<std::int64_t>(blockDim.x) + threadIdx.x; i < count;
       i += stride) {
    // A NaN is not equal to anything.
    if (!(to_double(elements[i]) == static_cast<double>(rule.at(i)))) ++mine;
  }
  if (mine > 0) atomicAdd(wrong, mine);
}

template <typename T>
__global__ void spoil(T* element) {
  *element = from_int<T>(to_double(*element) == 1 ? 0 : 1);
}

/// Calls work(T*) with the element type's C++ type.
template <typename Work>
void with_type(ElementType type, void* elements, const Work& work) {
  switch (type) {
    case ElementType::kInt8:
      work(static_cast<std::int8_t*>(elements));
      break;
    case ElementType::kInt32:
      work(static_cast<std::int32_t*>(elements));
      break;
    case ElementType::kFp16:
      work(static_cast<__half*>(elements));
      break;
    case ElementType::kBf16:
      work(static_cast<__nv_bfloat16*>(elements));
      break;
    case ElementType::kFp32:
      work(static_cast<float*>(elements));
      break;
    case ElementType::kFp64:
      work(static_cast<double*>(elements));
      break;
  }
}

}  // namespace

void fill_elements(void* elements, ElementType type, std::int64_t count, const ValueRule& values,
                   int rank, cudaStream_t stream) {
  if (count == 0) return;
  with_type(type, elements, [&](auto* typed) {
    fill<<<blocks_for(count), kThreads, 0, stream>>>(typed, count, values, rank);
  });
}

void count_wrong_elements(const void* elements, ElementType type, std::int64_t count,
                          const ResultRule& rule, unsigned long long* wrong, cudaStream_t stream) {
  if (count == 0) return;
  with_type(type, const_cast<void*>(elements), [&](const auto* typed) {
    count_wrong<<<blocks_for(count), kThreads, 0, stream>>>(typed, count, rule, wrong);
  });
}

void spoil_element(void* elements, ElementType type, std::int64_t count, cudaStream_t stream) {
  if (count == 0) return;
  with_type(type, elements, [&](auto* typed) { spoil<<<1, 1, 0, stream>>>(typed + count / 2); });
}

}  // namespace sextant::bench
