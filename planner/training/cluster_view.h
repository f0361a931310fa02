#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "analyzer/cluster/cluster.h"

namespace sextant {

// What published planners see of a cluster (the harness of Sailor's artifact hands it to them).

/// For planners of one GPU type in one zone: the first pool that has GPUs.
const GpuPool& only_pool_seen(const Cluster& cluster);

/// For planners of several GPU types in one zone: of each type the last pool that has GPUs, types
/// in the order of their first pool.
std::vector<GpuPool> last_pool_of_each_type(const Cluster& cluster);

/// The first two parts of a zone's name, by which published planners tell near zones from far ones:
/// "us-central1" of "us-central1-a".
std::string region_of(std::string_view zone);

}  // namespace sextant
