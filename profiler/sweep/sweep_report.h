#pragma once

#include <string>
#include <vector>

#include "profiler/sweep/point_files.h"

namespace sextant::profiler {

/// The points with their estimates, for people and as document kind `sweep` (every point
/// "planned").
std::string plan_text(const Sweep& sweep);
OrderedJson plan_json(const Sweep& sweep);

/// What was measured, one outcome for each point of the sweep.
std::string result_text(const Sweep& sweep, const std::vector<PointOutcome>& outcomes);
OrderedJson result_json(const Sweep& sweep, const std::vector<PointOutcome>& outcomes);

/// Whether every point has an answer: ok, or out of memory.
bool is_complete(const std::vector<PointOutcome>& outcomes);

}  // namespace sextant::profiler
