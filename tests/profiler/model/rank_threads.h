#pragma once

#include <functional>

#include "profiler/model/collectives.h"

namespace sextant::testing {

/// Runs `work` once for each rank, each on a thread with its own Gloo group; with one rank on this
/// thread with a lone shard. The first exception is thrown again.
void run_ranks(int size, const std::function<void(profiler::Collectives&)>& work);

}  // namespace sextant::testing
