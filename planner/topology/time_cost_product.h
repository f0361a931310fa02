#pragma once

#include "planner/topology/weighted_division.h"

namespace sextant {

/// The division of least time * cost, and what bounds it.
struct LeastProduct {
  WeightedDivision division;
  double seconds_per_usd = 0;  ///< the weight at which it is the weighted division: time / cost
  double lower_bound = 0;      ///< s * USD
};

/// Every division of least product lies on the front of time against cost, where it is the weighted
/// division for the weight time / cost. If all that is asked is a total, the problem is convex in
/// log-bandwidth (surplus goes to the cheapest dimension, so that cost is posynomial), there is one
/// such weight, and it is found by secants. Else the front, which is convex, is enclosed between
/// its points and its tangents until no part can hold a smaller product by more than one part in
/// 10^9. The problem is feasible, bounded, and does not allow no bandwidth at all.
LeastProduct least_product(const BandwidthProblem& problem);

}  // namespace sextant
