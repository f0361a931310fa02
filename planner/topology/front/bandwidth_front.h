#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "planner/topology/bandwidth_problem.h"

namespace sextant {

struct FrontOptions {
  std::size_t points = 20;  ///< most of them, at least 2 and the optimum of time times cost
  double gap = 1e-4;        ///< BandwidthFront::gap at which fewer are enough
  /// The front ends at a division that takes this many times as long as the fastest, > 1, or that
  /// costs what the cheapest does, either to 1e-3; or at the optimum of time times cost where that
  /// is slower. Without bandwidth, networks cost nothing and steps take for ever.
  double slowest = 4;
};

/// A division such that no other is both faster and cheaper.
struct FrontPoint {
  std::vector<double> bandwidth_bytes_per_s;  ///< by dimension
  double time_s = 0;
  double cost_usd = 0;
  /// It is the division of least time_s + seconds_per_usd * cost_usd: what the last dollar buys.
  double seconds_per_usd = 0;
};

/// Time against cost under the problem's constraints, whatever its target.
struct BandwidthFront {
  std::vector<FrontPoint> points;  ///< fastest first, each slower and cheaper than the one before
  /// Between two neighbours, every cost is that of a mixture of their bandwidths, and the mixture's
  /// step takes at most 1 + gap times as long as that of any division of the same cost or less.
  double gap = 0;
  /// Of `points`; nothing where the constraints allow no bandwidth at all, since time times cost is
  /// then least there.
  std::optional<std::size_t> best_time_times_cost;
};

/// Time is convex in bandwidth and cost is linear, so that the front is convex and each point of it
/// is the least of some weighted sum of the two. Between two points it lies below their chord and
/// above their tangents; the next point is found by the chord's slope where these are furthest
/// apart (sandwich algorithm: Rote, "The convergence rate of the sandwich algorithm for
/// approximating convex functions", Computing 48, 1992). The gap falls with the square of the
/// number of points. Throws as divide_bandwidth, and Error(kBadInput) on options out of range.
BandwidthFront bandwidth_front(const BandwidthProblem& problem, const FrontOptions& options = {});

}  // namespace sextant
