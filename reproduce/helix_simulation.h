#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "reproduce/helix_methods.h"
#include "reproduce/helix_published.h"

namespace sextant {

/// What a method's systems did together.
struct HelixOutcome {
  double decode_tokens_per_s = 0;  ///< of all systems
  /// Of all systems' prompts and decode steps, in one pool.
  std::vector<double> prompt_samples_s;  ///< ascending
  std::vector<double> decode_samples_s;
  LatencyPercentiles prompt_latency_s{};
  LatencyPercentiles decode_latency_s{};
  std::int64_t finished = 0;
  std::int64_t rejected = 0;                       ///< also those that found no way
  std::vector<std::vector<ServedNodeLoad>> nodes;  ///< by system and node
  double simulate_s = 0;
  std::string failure;  ///< why there is none of this; "" = none
};

/// Simulates every method with the load that its systems have, on so many threads (0: all); the
/// outcome does not depend on their number. A method whose simulation ends in Error(kInfeasible)
/// has that as its failure.
std::vector<HelixOutcome> simulate_helix(const HelixExperiment& experiment,
                                         const std::vector<HelixMethod>& methods,
                                         const RecordedRequests& recorded, unsigned threads,
                                         bool progress);

}  // namespace sextant
