#pragma once

#include <optional>
#include <string>

#include "analyzer/network/bandwidth_document.h"

namespace sextant {

/// The most that the bus bandwidth of a sweep could be.
struct LinkPeak {
  std::string name;  ///< "NVLink-4", "H100-80, all NVLinks"
  double bytes_per_s = 0;
  std::string source;
  std::optional<double> payload_fraction;  ///< what the protocol leaves of it for messages
};

struct PeakLookup {
  std::optional<LinkPeak> peak;
  std::string unknown;  ///< why there is none
};

/// The peak of a sweep, from the first of these that tells:
/// 1. `named` (--peak): an interconnect, "8 x NDR", or a bandwidth, "12.5 GB/s", of all that is
/// sent
///    together: of a machine's NICs for collectives and halves between machines;
/// 2. of copies the GPU type's memory (half its bandwidth, since a copy reads and writes) or PCIe;
/// 3. the sweep's own `interconnect`; inside a machine for each of its senders;
/// 4. inside a machine the driver's word for the way of a pair ("NV12": so many NVLinks; others go
///    over PCIe) and the GPU type's data sheet: all NVLinks of a GPU, or PCIe.
/// Throws Error(kBadInput) where `named` is no interconnect.
PeakLookup peak_of(const BandwidthDocument& document, const Sweep& sweep, const std::string& named);

}  // namespace sextant
