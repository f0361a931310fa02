#pragma once

#include <array>
#include <chrono>
#include <memory>

#include "nccl_bench/group.h"

namespace sextant::bench {

/// What the ranks of an NCCL group must share: rank 0 makes it, the others get it through the
/// store.
using NcclId = std::array<char, 128>;
NcclId make_nccl_id();

/// A rank of an NCCL group on GPU `device` (CUDA's index) of this process; all `size` ranks call it
/// at about the same time, each in a thread or process of its own. Times are of CUDA events on the
/// group's stream. Throws Error(kBadInput) with NCCL's or CUDA's words, also where the ranks have
/// not met within `timeout`.
std::unique_ptr<Group> open_nccl_group(const NcclId& id, int rank, int size, int device,
                                       std::chrono::milliseconds timeout);

}  // namespace sextant::bench
