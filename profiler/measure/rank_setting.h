#pragma once

#include <map>
#include <string>

#include "profiler/device/device.h"
#include "profiler/model/collectives.h"
#include "profiler/protocol/profile_request.h"

namespace sextant::profiler {

/// What a rank measures with.
struct RankSetting {
  Device& device;
  Collectives& collectives;
  double collective_buffer_bytes = 0;  ///< that the collectives' library took from the device

  /// Whether collectives run, so that ranks must do the same number of things.
  bool ranks_are_real = false;

  /// The same on every rank: the largest.
  double agreed(double value) const;
  /// What the process holds beside tensors, and the allocator's peaks so far.
  ProcessMemory process_memory() const;
};

/// Where a document of this rank comes from: the request's provenance, the device's, and the time.
std::map<std::string, std::string> rank_provenance(const ProfileRequest& request,
                                                   const Device& device);

}  // namespace sextant::profiler
