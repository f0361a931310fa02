#pragma once

#include <memory>

#include "nccl_bench/overlap.h"

namespace sextant::bench {

/// Products on GPU `device` (CUDA's index), on a stream of their own and timed by CUDA events.
std::unique_ptr<ComputeLoad> open_cuda_load(int device);

}  // namespace sextant::bench
