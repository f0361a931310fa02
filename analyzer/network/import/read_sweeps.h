#pragma once

#include <filesystem>
#include <vector>

#include "analyzer/network/bandwidth_document.h"
#include "analyzer/network/import/import_context.h"

namespace sextant {

/// What was measured at `paths`: files that import_bandwidth() reads, or directories, of which the
/// *.json are taken in the order of their names. Throws Error(kBadInput) naming the file.
std::vector<BandwidthDocument> read_sweeps(const std::vector<std::filesystem::path>& paths,
                                           const ImportContext& context);

}  // namespace sextant
