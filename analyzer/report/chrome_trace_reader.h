#pragma once

#include <map>
#include <string>

#include "analyzer/core/json_document.h"
#include "analyzer/training/timeline.h"

namespace sextant {

/// What a document `timeline` says.
struct RecordedTimeline {
  Timeline timeline;
  std::map<std::string, std::string> about;  ///< "otherData"
};

/// Reads what chrome_trace() wrote, with times as exact as they were written. Events of other
/// phases, as those that a viewer adds, are passed over. Throws Error(kBadInput) with the place
/// where events contradict each other or are of a process that has no name of ours.
RecordedTimeline read_chrome_trace(const JsonNode& root);

}  // namespace sextant
