#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace sextant {

/// Of input or output, in any file that is read.
inline constexpr int kMostRequestTokens = 10'000'000;

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

/// As Helix's artifact draws its online load: in each interval a recorded number of arrivals at
/// random, scaled to so many tokens (input and output) per second in the mean, with lengths drawn
/// from the recorded. An interval that the duration cuts short is left out. Throws Error(kBadInput)
/// where rate or duration is no positive number, where the duration is below an interval, and from
/// 10^8 requests on.
RequestTrace recorded_trace(const RecordedRequests& recorded, double tokens_per_s,
                            double duration_s, std::uint32_t seed);
/// The same lengths with exponential gaps, drawn with Random; errors likewise. May be empty.
RequestTrace poisson_trace(const RecordedRequests& recorded, double tokens_per_s, double duration_s,
                           std::uint64_t seed);

}  // namespace sextant
