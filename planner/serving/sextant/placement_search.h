#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "analyzer/serving/trace/request_trace.h"
#include "planner/serving/placement_planner.h"

namespace sextant {

/// What a placement is searched for.
enum class PlacementObjective {
  kServed,  ///< throughput and latency of served requests
  kFlow,    ///< maximum flow
};
inline constexpr std::array<std::string_view, 2> kPlacementObjectiveNames = {"served", "flow"};

/// Of objective kServed: its simulations take too long for more.
inline constexpr std::size_t kMostServedMachines = 100;

struct PlacementSearchOptions {
  PlacementObjective objective = PlacementObjective::kServed;
  std::uint64_t seed = 0;
  int threads = 0;           ///< 0: all; the result does not depend on it
  double time_limit_s = 60;  ///< past it the incumbent is returned, marked as not complete
  /// How much is tried; the result depends on it and the seed alone unless time ends the search.
  double effort = 1;
  /// Of objective kServed: lengths of requests.
  std::vector<RequestLength> lengths;
  /// Of objective kServed: a load in input and output tokens per second that should be served.
  /// Placements that fail under it in a short run are dropped; finalists that fail in a longer run
  /// at 5 % more are ranked far below the others, but may come back where all fail: no guarantee.
  /// Of the finalists the quickest wins, its throughput in a closed loop weighed alike. 0: what
  /// counts is the throughput under as much as can be served, and a little the latency under half
  /// of it.
  double offered_tokens_per_s = 0;
};

/// Our own search over layer intervals. Objective kServed needs lengths and at most
/// kMostServedMachines: else Error(kUsage).
PlacementResult search_placement(const PlacementProblem& problem,
                                 const PlacementSearchOptions& options);

}  // namespace sextant
