#include "analyzer/serving/documents/request_source.h"

#include <cmath>
#include <filesystem>

#include <fmt/format.h>

#include "analyzer/core/data_directory.h"
#include "analyzer/core/error.h"

namespace sextant {

namespace {

/// More intervals than this are refused: arrivals are then in another unit.
constexpr double kMostIntervals = 10'000'000;

RecordedRequests recorded_of(const RequestTrace& trace, const std::string& name) {
  RecordedRequests recorded;
  if (trace.back().arrival_s / recorded.interval_s > kMostIntervals) {
    throw_bad_input(fmt::format("{}: expected arrivals in seconds, found one at {} s", name,
                                trace.back().arrival_s));
  }
  for (const TracedRequest& request : trace) {
    recorded.lengths.push_back(request.length);
    const auto interval = static_cast<std::size_t>(request.arrival_s / recorded.interval_s);
    if (recorded.arrivals.size() <= interval) recorded.arrivals.resize(interval + 1);
    ++recorded.arrivals[interval];
  }
  return recorded;
}

}  // namespace

RequestSource read_request_source(const std::string& trace, const std::string& artifact) {
  RequestSource source;
  if (trace.empty() && !artifact.empty()) {
    source.recorded = read_azure_conversations(artifact);
    source.name = "azure_conv";
    return source;
  }
  const std::filesystem::path path = trace.empty()
                                         ? data_directory() / "traces" / "conversations.csv"
                                         : std::filesystem::path(trace);
  source.trace = read_request_trace(path);
  if (source.trace.empty()) {
    throw_bad_input(fmt::format("{}: expected requests, found none", path.string()));
  }
  source.name = path.stem().string();
  source.recorded = recorded_of(source.trace, path.string());
  return source;
}

}  // namespace sextant
