#pragma once

#include <map>
#include <string>

#include "analyzer/profile/profile_point.h"
#include "profiler/device/device.h"
#include "profiler/model/collectives.h"
#include "profiler/protocol/profile_request.h"

namespace sextant::profiler {

/// The key of a point of a request.
ProfileKey point_key(const ProfileRequest& request, const GridPoint& point);

/// Where a document of this rank comes from: the request's provenance, the device's, and the time.
std::map<std::string, std::string> point_provenance(const ProfileRequest& request,
                                                    const Device& device);

/// What a rank measures with.
struct RankSetting {
  Device& device;
  Collectives& collectives;
  double collective_buffer_bytes = 0;  ///< that the collectives' library took from the device
};

/// Measures one point of a training sweep on one rank; all ranks of a group call it for the same
/// point. Running out of memory is a result (status oom); anything else that goes wrong is
/// thrown.
PointDocument measure_point(const ProfileRequest& request, const GridPoint& point,
                            const RankSetting& rank);

}  // namespace sextant::profiler
