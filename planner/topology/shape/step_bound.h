#pragma once

// How good a shape can be at best; private to planner/topology/shape.

#include <span>
#include <vector>

#include "analyzer/topology/step_time.h"

namespace sextant::shapes {

/// Lower bounds over all divisions of a total of bandwidth, in closed form.
///
/// With one term of each maximum in its place, a step takes at least C + sum_k w_k tau_k. Dimension
/// d has bandwidth B_d >= v_kd / tau_k for every communicator k; held against one of them only,
/// k(d), with V_k the sum of v_kd over the dimensions held against k: total >= sum_k V_k / tau_k.
/// Hence by Cauchy and Schwarz
///   time >= C + (sum_k sqrt(w_k V_k))² / total,
/// and since the network costs p_d B_d in dimension d, that is p total and (p_d - p) B_d with the
/// least price p, with V'_k the sum of (p_d - p) v_kd
///   time * cost >= (sqrt(C p total) + sum_k sqrt(w_k V'_k))².
/// Nor is it less than the least time times the cost of filling the cheapest dimensions up.
/// Where communicators share no dimension the first bound is exact.
class StepBound {
 public:
  StepBound(const StepTime& step, double total_bytes_per_s);

  double seconds() const { return seconds_; }
  /// With prices and limits (bytes/s, infinite = none) by dimension.
  double seconds_times_usd(std::span<const double> usd_per_byte_per_s,
                           std::span<const double> most_bytes_per_s) const;

 private:
  double total_;
  double constant_s_ = 0;
  std::vector<double> weights_;     ///< by communicator
  std::vector<std::size_t> held_;   ///< by dimension, its communicator
  std::vector<double> held_share_;  ///< by dimension, of that communicator
  double seconds_ = 0;
};

}  // namespace sextant::shapes
