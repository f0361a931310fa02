#pragma once

#include <cstdint>
#include <cuda_runtime_api.h>

#include "nccl_bench/element_type.h"
#include "nccl_bench/expected_values.h"

namespace sextant::bench {

// Kernels over elements in device memory; all are enqueued on `stream`, none waits.

/// elements[i] = values.given(rank, i).
void fill_elements(void* elements, ElementType type, std::int64_t count, const ValueRule& values,
                   int rank, cudaStream_t stream);

/// Adds to *wrong (device memory) how many of elements[i] are not rule.at(i); NaNs are wrong.
void count_wrong_elements(const void* elements, ElementType type, std::int64_t count,
                          const ResultRule& rule, unsigned long long* wrong, cudaStream_t stream);

/// Changes the element in the middle.
void spoil_element(void* elements, ElementType type, std::int64_t count, cudaStream_t stream);

}  // namespace sextant::bench
