#pragma once

#include <string>
#include <string_view>

#include "analyzer/network/bandwidth_document.h"
#include "analyzer/network/import/import_context.h"

namespace sextant {

/// Whether the first line that is not blank is two numbers, or the words "bytes" and another, with
/// a comma between.
bool is_sailor_bandwidth_csv(std::string_view text);

/// The Sailor artifact's measurement of a link, data_<W>.csv: lines `bytes,bandwidth`, where ranks
/// 0 … W/2 - 1 each send `bytes` to rank + W/2 at once, and the bandwidth is what they moved
/// together, 10^9 bytes/s: a message took (W/2) * bytes / bandwidth. W stands in the file's name,
/// or in `context`. Throws Error(kBadInput) with the line.
BandwidthDocument read_sailor_bandwidth_csv(std::string_view text, const std::string& file,
                                            const ImportContext& context);

}  // namespace sextant
