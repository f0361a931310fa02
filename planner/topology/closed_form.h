#pragma once

#include <optional>
#include <vector>

#include "planner/topology/bandwidth_problem.h"
#include "planner/topology/optimality.h"

namespace sextant {

/// The division of least time with its multipliers where the problem is of the simplest form: one
/// or two communicators, nothing overlaps, and all that is asked is that the bandwidths add up to a
/// total. Nothing for any other problem.
///
/// With v and w the shares, M and D the weights, and rho = tau_0 / tau_1, the least bandwidths are
/// proportional to max(v_d, w_d rho), and the time is (M + D / rho) sum_d max(v_d, w_d rho) over
/// the total. Between two values of rho at which a dimension changes its bottleneck the sum is V +
/// W rho, and sqrt(D V / (M W)) is best.
struct ClosedForm {
  std::vector<double> bandwidth_bytes_per_s;
  DivisionMultipliers multipliers;
};
std::optional<ClosedForm> closed_form(const BandwidthProblem& problem);

}  // namespace sextant
