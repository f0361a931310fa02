#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace sextant {

/// Tokens of one request.
struct RequestLength {
  int input_tokens = 0;
  int output_tokens = 0;
};

struct TracedRequest {
  double arrival_s = 0;  ///< after the start
  RequestLength length;
};

/// By arrival.
using RequestTrace = std::vector<TracedRequest>;

/// Lengths and rates that were recorded: what traces are drawn from.
struct RecordedRequests {
  std::vector<RequestLength> lengths;  ///< in the order of their file, which draws refer to
  std::vector<int> arrivals;           ///< requests in each interval
  double interval_s = 3;
};

/// Reads a CSV `input_tokens,output_tokens` and one of `requests_in_interval`. Throws
/// Error(kBadInput) naming file and line; an empty one is refused.
RecordedRequests read_recorded_requests(const std::filesystem::path& lengths,
                                        const std::filesystem::path& arrivals);
/// The Azure conversations of Helix's artifact, under its folder `traces`.
RecordedRequests read_azure_conversations(const std::filesystem::path& artifact);

/// Reads a CSV with columns arrival_s, input_tokens, output_tokens (in any order, others are passed
/// over). Throws Error(kBadInput) naming file and line.
RequestTrace read_request_trace(const std::filesystem::path& path);

/// As Helix's artifact draws its online load: recorded arrivals in a random order, scaled to so
/// many tokens (input and output) per second, lengths drawn from the recorded.
RequestTrace recorded_trace(const RecordedRequests& recorded, double tokens_per_s,
                            double duration_s, std::uint32_t seed);
/// The same lengths with exponential gaps.
RequestTrace poisson_trace(const RecordedRequests& recorded, double tokens_per_s, double duration_s,
                           std::uint64_t seed);

}  // namespace sextant
