#pragma once

#include <string_view>

#include "analyzer/core/json_document.h"

namespace sextant {

/// How a number came to be; stamped on every document, row and plot. From the strongest to the
/// weakest.
enum class Evidence { kMeasuredGpu, kMeasuredCpu, kReplayed, kEstimated };
/// "measured-gpu", "measured-cpu", "replayed", "estimated".
std::string_view to_string(Evidence evidence);
/// Throws Error(kBadInput) on another name.
Evidence evidence_from(std::string_view name);
/// The same of a document's member; throws Error(kBadInput) with the place.
Evidence read_evidence(const JsonNode& node);
/// What an answer made of both is worth: the weaker (later in the enumeration).
Evidence weaker(Evidence a, Evidence b);
/// Whether a device took the time, and not somebody else's or none.
bool is_measured(Evidence evidence);

}  // namespace sextant
