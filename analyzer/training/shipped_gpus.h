#pragma once

#include <string_view>

#include "analyzer/cluster/cluster.h"

namespace sextant {

/// The shipped data sheets as what clusters leave out; a GpuResolver for read_cluster. Throws
/// Error(kBadInput) on a type that is not among them.
GpuDefaults shipped_gpu(std::string_view name);

}  // namespace sextant
