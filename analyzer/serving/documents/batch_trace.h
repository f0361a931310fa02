#pragma once

#include <map>
#include <span>
#include <string>

#include "analyzer/serving/simulation/serving_simulation.h"

namespace sextant {

/// Who ran which batches when: document kind `serving_timeline`, which is also a file of Chrome's
/// trace events (Trace Event Format, Google 2016), so that Perfetto opens it: a process for each
/// node, a slice for each batch on one layer, counters of the requests that wait and of the KV
/// cache's share in use. Times are rounded to nanoseconds and written in microseconds. `about` goes
/// into "otherData".
std::string batch_trace(std::span<const ServedNode> nodes, std::span<const ServedBatch> batches,
                        std::span<const ServedNodeSample> samples,
                        const std::map<std::string, std::string>& about);

}  // namespace sextant
