#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/serving/simulation/serving_simulation.h"

namespace sextant {

/// Percentiles that Helix's artifact prints.
inline constexpr std::array<double, 5> kArtifactShares = {0.05, 0.25, 0.5, 0.75, 0.95};
inline constexpr std::array<std::string_view, 5> kArtifactShareNames = {"p5", "p25", "p50", "p75",
                                                                        "p95"};
/// Percentiles that targets are stated in.
inline constexpr std::array<double, 3> kUserShares = {0.5, 0.95, 0.99};
inline constexpr std::array<std::string_view, 3> kUserShareNames = {"p50", "p95", "p99"};

using ArtifactPercentiles = std::array<std::optional<double>, kArtifactShares.size()>;
using UserPercentiles = std::array<std::optional<double>, kUserShares.size()>;

/// What a request must keep to count as good.
struct LatencyTargets {
  std::optional<double> first_token_s;
  std::optional<double> per_output_token_s;

  bool any() const { return first_token_s || per_output_token_s; }
};

/// Of one run, within its window (after the warm-up, as long as the duration). Percentile p of n
/// ascending samples is the one at floor(n p), as the artifact counts.
struct ServingFigures {
  double decode_tokens_per_s = 0;
  double requests_per_s = 0;  ///< whose last token came in the window
  /// Issue of a prompt, or of one decode step, to its token.
  ArtifactPercentiles prompt_latency_s;
  ArtifactPercentiles decode_latency_s;
  UserPercentiles time_to_first_token_s;    ///< of requests that got it in the window
  UserPercentiles time_per_output_token_s;  ///< after the first; of those that ended in it
  UserPercentiles end_to_end_s;             ///< likewise
  std::optional<double> good_requests_per_s;
  std::optional<double> good_share;  ///< of the requests that ended or were rejected in the window
  // Of the whole run.
  double finished = 0;
  double rejected = 0;
  double dropped = 0;
  double preempted = 0;
};

ServingFigures serving_figures(const ServingSimulationResult& result, double warm_up_s,
                               double duration_s, const LatencyTargets& targets);

/// Means over runs and half widths of their 95 % confidence intervals (Student's t); a figure that
/// a run has not is averaged over the others, and a half width needs two.
struct ServingStatistics {
  ServingFigures mean;
  ServingFigures half_width;  ///< 0 or nothing of one run
};
ServingStatistics statistics_of(const std::vector<ServingFigures>& runs);

/// Means of what a node did.
std::vector<ServedNodeLoad> mean_loads(const std::vector<std::vector<ServedNodeLoad>>& runs);

}  // namespace sextant
