#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/core/json_document.h"
#include "reproduce/helix_experiment.h"

namespace sextant {

/// The percentiles that Helix's artifact prints of latencies.
struct LatencyPercentile {
  const char* name;
  double share;
};
inline constexpr std::array kLatencyPercentiles = {
    LatencyPercentile{"p5", 0.05}, LatencyPercentile{"p25", 0.25}, LatencyPercentile{"p50", 0.5},
    LatencyPercentile{"p75", 0.75}, LatencyPercentile{"p95", 0.95}};
/// In seconds, in this order.
using LatencyPercentiles = std::array<double, kLatencyPercentiles.size()>;

/// What of a method was published, as rounded as it was.
struct HelixPublished {
  std::string method;
  double decode_tokens_per_s = 0;                      ///< to 0.1
  std::optional<LatencyPercentiles> prompt_latency_s;  ///< to 0.01; online only
  std::optional<LatencyPercentiles> decode_latency_s;
};

/// Published figures of an experiment, from the artifact's reference_results.json; of some
/// experiments there are none. Throws Error(kBadInput) naming file and member.
std::vector<HelixPublished> read_helix_published(const std::filesystem::path& artifact,
                                                 const HelixExperiment& experiment);

OrderedJson to_json(const LatencyPercentiles& percentiles);
OrderedJson to_json(const HelixPublished& published);

/// How many of the published figures there are, and how many of them ours round to.
struct HelixAgreement {
  int figures = 0;
  int equal = 0;
};
HelixAgreement agreement(const HelixPublished& published, double decode_tokens_per_s,
                         const LatencyPercentiles& prompt_latency_s,
                         const LatencyPercentiles& decode_latency_s);

}  // namespace sextant
