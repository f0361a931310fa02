#pragma once

#include "analyzer/profile/profile_point.h"
#include "profiler/measure/rank_setting.h"
#include "profiler/protocol/profile_request.h"

namespace sextant::profiler {

/// Measures one point of a training sweep on one rank; all ranks of a group call it for the same
/// point. Running out of memory is a result (status oom); anything else that goes wrong is
/// thrown.
PointDocument measure_point(const ProfileRequest& request, const GridPoint& point,
                            const RankSetting& rank);

}  // namespace sextant::profiler
