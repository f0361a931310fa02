#pragma once

#include <cstdint>
#include <limits>

#include "planner/serving/sextant/service_estimate.h"
#include "planner/serving/sextant/stage_chain.h"

namespace sextant {

/// What placements are served with when they are compared.
struct ServedLoads {
  std::vector<RequestLength> lengths;  ///< of a closed loop
  std::uint64_t seed = 0;
  RequestTrace offered;  ///< at which latency counts; empty: it does not
  double offered_duration_s = 0;
};

inline constexpr double kNotServed = -std::numeric_limits<double>::infinity();

/// What placements are ranked by: the logarithm of the throughput of a closed loop, less half that
/// of the latencies at the offered load (the mean of prompts and decode steps, median and 95th
/// percentile). Half as much of a gain in latency is thus worth a gain in throughput. kNotServed
/// where either load cannot be served.
double served_score(const ServiceEstimate& closed, const ServiceEstimate* offered);

/// By estimate_closed_loop and estimate_offered.
double estimated_score(const PlacementProblem& problem, const Placement& placement,
                       const ServedLoads& loads);
/// By simulate_serving, as Helix's artifact simulates both.
double simulated_score(const PlacementProblem& problem, const Placement& placement,
                       const ServedLoads& loads);

}  // namespace sextant
