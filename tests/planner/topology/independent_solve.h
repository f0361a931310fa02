#pragma once

#include <optional>
#include <vector>

#include "planner/topology/bandwidth_problem.h"

namespace sextant {

/// What another method found for a problem of dividing bandwidth.
struct IndependentDivision {
  std::vector<double> bandwidth_bytes_per_s;
  double objective = 0;  ///< s, or s * USD
};

/// Sequential quadratic programming (NLopt's SLSQP) on the smooth epigraph form, from several
/// starts: variables are bandwidths, one time per byte for each communicator and one for each
/// maximum. It shares nothing with divide_bandwidth but the problem. Of time alone the problem is
/// convex, so that every start ends at the optimum; of time times cost it may be a local one.
/// Nothing where no start ended within 1e-14 of the constraints.
std::optional<IndependentDivision> solve_independently(const BandwidthProblem& problem);

}  // namespace sextant
