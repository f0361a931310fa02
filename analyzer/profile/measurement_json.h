#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/core/json_document.h"
#include "analyzer/profile/profile_point.h"

namespace sextant {

// The members that the documents of every profiler share, as they are written and read. Readers
// throw Error(kBadInput) with the place; `lenient` ones pass over members that they do not know.

/// Refuses members that are not in `known`, unless the document is of a newer minor version.
void expect_known(const JsonNode& node, bool lenient,
                  std::initializer_list<std::string_view> known);

/// Bytes are counts: an integer wherever they are whole.
OrderedJson bytes_json(double bytes);

/// Without samples only the median is known, and nothing else is written.
OrderedJson phase_json(const PhaseTime& phase);
/// The median must be positive unless it `may_be_zero`, and stand between the percentiles.
PhaseTime read_phase(const JsonNode& node, bool may_be_zero, bool lenient);

/// "all_reduce", "all_gather" or "reduce_scatter".
std::string read_collective_name(const JsonNode& node);
OrderedJson collectives_json(const std::vector<TensorCollective>& collectives);
std::vector<TensorCollective> read_collectives(const JsonNode& list, bool lenient);

OrderedJson process_memory_json(const ProcessMemory& memory);
ProcessMemory read_process_memory(const JsonNode& node, bool lenient);

OrderedJson stopping_json(const StoppingRule& rule);
StoppingRule read_stopping(const JsonNode& node, bool lenient);

OrderedJson conditions_json(const DeviceConditions& conditions);
DeviceConditions read_conditions(const JsonNode& node, bool lenient);

OrderedJson provenance_json(const std::map<std::string, std::string>& provenance);
/// What was measured must say where, how and when; what was measured on a GPU also on which.
std::map<std::string, std::string> read_provenance(const JsonNode& node, Evidence evidence);

/// "ok", "oom", "error", "timeout".
PointStatus read_status(const JsonNode& node);
/// The dtypes that a profile may be of.
std::string read_dtype(const JsonNode& node);

}  // namespace sextant
