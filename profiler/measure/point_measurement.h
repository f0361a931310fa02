#pragma once

#include "analyzer/profile/profile_point.h"
#include "profiler/device/device.h"
#include "profiler/model/collectives.h"
#include "profiler/protocol/profile_request.h"

namespace sextant::profiler {

/// The key of a point of a request.
ProfileKey point_key(const ProfileRequest& request, const GridPoint& point);

/// Measures one point of a training sweep on one rank; all ranks of `collectives` call it for the
/// same point. Running out of memory is a result (status oom); anything else that goes wrong is
/// thrown.
PointDocument measure_point(const ProfileRequest& request, const GridPoint& point, Device& device,
                            Collectives& collectives);

}  // namespace sextant::profiler
