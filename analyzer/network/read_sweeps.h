#pragma once

#include <filesystem>
#include <vector>

#include "analyzer/network/bandwidth_document.h"

namespace sextant {

/// The bandwidth documents at `paths`: files, or directories, whose *.json are taken in the order
/// of their names. Throws Error(kBadInput) naming the file.
std::vector<BandwidthDocument> read_sweeps(const std::vector<std::filesystem::path>& paths);

}  // namespace sextant
