#pragma once

#include "analyzer/profile/serving_profile.h"
#include "profiler/measure/rank_setting.h"
#include "profiler/protocol/profile_request.h"

namespace sextant::profiler {

/// Measures every prefill and decode step of a request at the point's tensor degree, layer kind by
/// layer kind, on one rank; all ranks of a group call it for the same point. A step that does not
/// fit is one of the document's failures; weights that do not fit make its status oom. Anything
/// else that goes wrong is thrown.
ServingDocument measure_serving(const ProfileRequest& request, const GridPoint& point,
                                const RankSetting& rank);

}  // namespace sextant::profiler
