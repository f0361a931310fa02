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

/// Measures one point of a training sweep on one rank; all ranks of `collectives` call it for the
/// same point. Running out of memory is a result (status oom); anything else that goes wrong is
/// thrown.
PointDocument measure_point(const ProfileRequest& request, const GridPoint& point, Device& device,
                            Collectives& collectives);

}  // namespace sextant::profiler
