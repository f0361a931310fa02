#pragma once

#include <memory>

#include "nccl_bench/backend.h"

namespace sextant::bench {

/// CPU ranks that exchange tensors through LibTorch's c10d and its Gloo over TCP. Times are what a
/// caller of c10d waits, with the hand-over to its threads. What c10d does:
/// - all_reduce and broadcast in the tensor that they are given, so only in place;
/// - all_gather and all_to_all from one tensor to another (copy_d2d: one memcpy);
/// - reduce_scatter as an all_reduce of a copy, of which each rank takes its share;
/// - a send begins to move bytes when the receiver is ready.
/// Interfaces are those of GLOO_SOCKET_IFNAME, else the one that leads to the rendezvous.
std::unique_ptr<Group> open_gloo_group(const GroupSetting& setting);

}  // namespace sextant::bench
