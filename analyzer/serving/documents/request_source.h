#pragma once

#include <string>

#include "analyzer/serving/trace/request_trace.h"

namespace sextant {

/// What requests are like.
struct RequestSource {
  RequestTrace trace;         ///< empty where only lengths and arrivals are known
  RecordedRequests recorded;  ///< of a trace: its lengths, and its arrivals counted
  std::string name;           ///< for people
};

/// Reads the CSV `trace` (arrival_s, input_tokens, output_tokens); where it is "", the recorded
/// conversations of Helix's artifact; where that is "" too, the shipped trace.
RequestSource read_request_source(const std::string& trace, const std::string& artifact);

}  // namespace sextant
