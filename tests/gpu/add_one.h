#pragma once

#include <cuda_runtime_api.h>

namespace sextant::testing {

/// Adds one to each of `count` integers in device memory; the launch's error, if any.
cudaError_t add_one(int* values, int count);

}  // namespace sextant::testing
