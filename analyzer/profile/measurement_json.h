#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/core/json_document.h"
#include "analyzer/profile/profile_point.h"

namespace sextant {

// The members that the documents of every profiler share, as they are written and read. Readers
// throw Error(kBadInput) with the place; `lenient` ones pass over members that they do not know.

/// "all_reduce", "all_gather" or "reduce_scatter".
std::string read_collective_name(const JsonNode& node);
OrderedJson collectives_json(const std::vector<TensorCollective>& collectives);
std::vector<TensorCollective> read_collectives(const JsonNode& list, bool lenient);

OrderedJson process_memory_json(const ProcessMemory& memory);
ProcessMemory read_process_memory(const JsonNode& node, bool lenient);

OrderedJson conditions_json(const DeviceConditions& conditions);
DeviceConditions read_conditions(const JsonNode& node, bool lenient);

/// "ok", "oom", "error", "timeout".
PointStatus read_status(const JsonNode& node);
/// The dtypes that a profile may be of.
std::string read_dtype(const JsonNode& node);

}  // namespace sextant
