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
  RequestTrace heavy;    ///< which ought to be served, at whatever latency; empty: not asked
  double throughput_weight = 1;
  double latency_weight = 0.1;
  double not_enduring = 0.03;  ///< taken off the score where the heavy load is not served
};

inline constexpr double kNotServed = -std::numeric_limits<double>::infinity();

/// What placements are ranked by: the logarithm of the throughput of a closed loop, less that of
/// the latencies at the offered load (the mean of prompts and decode steps, median and 95th
/// percentile), as the loads weigh them. kNotServed where either load cannot be served.
double served_score(const ServedLoads& loads, const ServiceEstimate& closed,
                    const ServiceEstimate* offered);

/// By estimate_closed_loop and estimate_offered, over a shorter time than simulated_score. Less
/// where the heavy load is not served; not asked where the score is below `needed`.
double estimated_score(const PlacementProblem& problem, const Placement& placement,
                       const ServedLoads& loads, double needed = kNotServed);
/// By simulate_serving, as Helix's artifact simulates both.
double simulated_score(const PlacementProblem& problem, const Placement& placement,
                       const ServedLoads& loads);

}  // namespace sextant
