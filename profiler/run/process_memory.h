#pragma once

#include <map>
#include <optional>
#include <string>

#include "analyzer/core/evidence.h"

namespace sextant::profiler {

/// What this process uses: of a GPU (named by "gpu_uuid" of its device's provenance) as NVML says,
/// of the machine its resident set. Bytes; nothing where NVML does not tell. In a container, where
/// NVML may give the host's process numbers, the only process of the GPU is this one.
std::optional<double> process_bytes(Evidence evidence,
                                    const std::map<std::string, std::string>& device);

}  // namespace sextant::profiler
