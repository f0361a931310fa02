#pragma once

#include <map>
#include <string>

#include "analyzer/core/evidence.h"
#include "analyzer/core/json_document.h"

namespace sextant {

// Where a measured document comes from: names and values, "host", "command", "git_revision",
// "time", "gpu_name", "driver", "cuda", …

/// The present time as provenance has it, "2026-01-31T23:59:59Z".
std::string utc_now();
/// This machine's name.
std::string host_name();
/// The program's name and its arguments as a shell takes them, shortened where documents would
/// refuse it.
std::string command_line(int argc, const char* const* argv);

OrderedJson provenance_json(const std::map<std::string, std::string>& provenance);
/// What was measured must say where, how and when; what was measured on a GPU also on which.
std::map<std::string, std::string> read_provenance(const JsonNode& node, Evidence evidence);

}  // namespace sextant
