#pragma once

#include <string>

#include "analyzer/network/bandwidth_document.h"

namespace sextant::bench {

/// Tables for people: one line a size, columns as nccl-tests has them, times in microseconds and
/// bandwidths in GB/s; below them overlaps and problems.
std::string report_text(const BandwidthDocument& document);

/// The same figures, one line a size, seconds and bytes per second.
std::string csv_text(const BandwidthDocument& document);

}  // namespace sextant::bench
