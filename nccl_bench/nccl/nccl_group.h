#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <string>

#include "nccl_bench/group.h"
#include "nccl_bench/nccl/nccl_log.h"

namespace sextant::bench {

/// What the ranks of an NCCL group must share: rank 0 makes it, the others get it from rank 0.
using NcclId = std::array<char, 128>;
NcclId make_nccl_id();

/// "2.28.9".
std::string nccl_version();

/// A rank of an NCCL group on GPU `device` (CUDA's index) of this process; all `size` ranks call it
/// at about the same time, each in a thread or process of its own. Times are of CUDA events on the
/// group's stream. `log`, which outlives the group, tells details() how ranks are connected. Throws
/// Error(kBadInput) with NCCL's or CUDA's words; an operation that is not done within `timeout`
/// fails likewise.
std::unique_ptr<Group> open_nccl_group(const NcclId& id, int rank, int size, int device,
                                       std::chrono::milliseconds timeout, const NcclLog& log);

}  // namespace sextant::bench
