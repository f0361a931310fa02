#pragma once

#include <cstdint>
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "nccl_bench/element_type.h"

namespace sextant::bench {

// Elements of every type as numbers, on the host.

inline double load_element(const void* elements, ElementType type, std::int64_t index) {
  switch (type) {
    case ElementType::kInt8:
      return static_cast<const std::int8_t*>(elements)[index];
    case ElementType::kInt32:
      return static_cast<const std::int32_t*>(elements)[index];
    case ElementType::kFp16:
      return __half2float(static_cast<const __half*>(elements)[index]);
    case ElementType::kBf16:
      return __bfloat162float(static_cast<const __nv_bfloat16*>(elements)[index]);
    case ElementType::kFp32:
      return static_cast<const float*>(elements)[index];
    case ElementType::kFp64:
      return static_cast<const double*>(elements)[index];
  }
  return 0;
}

inline void store_element(void* elements, ElementType type, std::int64_t index, double value) {
  const auto single = static_cast<float>(value);
  switch (type) {
    case ElementType::kInt8:
      static_cast<std::int8_t*>(elements)[index] = static_cast<std::int8_t>(value);
      break;
    case ElementType::kInt32:
      static_cast<std::int32_t*>(elements)[index] = static_cast<std::int32_t>(value);
      break;
    case ElementType::kFp16:
      static_cast<__half*>(elements)[index] = __float2half(single);
      break;
    case ElementType::kBf16:
      static_cast<__nv_bfloat16*>(elements)[index] = __float2bfloat16(single);
      break;
    case ElementType::kFp32:
      static_cast<float*>(elements)[index] = single;
      break;
    case ElementType::kFp64:
      static_cast<double*>(elements)[index] = value;
      break;
  }
}

}  // namespace sextant::bench
