#pragma once

#include <string_view>
#include <vector>

#include "analyzer/network/import/text_lines.h"
#include "analyzer/topology/workload.h"

namespace sextant {

/// Reads the header line of a workload and enters in `workload`, whose layers are there already,
/// the size of the model group and the checkpoints. Throws Error(kBadInput) with the place.
void read_workload_header(const std::vector<std::string_view>& words, const TextPlace& place,
                          Workload& workload);

}  // namespace sextant
