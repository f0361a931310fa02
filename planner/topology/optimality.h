#pragma once

#include <vector>

#include "planner/topology/bandwidth_problem.h"

namespace sextant {

/// Multipliers of a division for the objective time_weight * T(B) + usd_weight * cost(B).
struct DivisionMultipliers {
  /// By communicator and dimension, in the objective's unit times bytes / s: how much of the weight
  /// of tau_k dimension d decides. Those of a communicator add up to its weight.
  std::vector<std::vector<double>> need;
  /// By maximum and term: which share of the maximum each term decides. They add up to one.
  std::vector<std::vector<double>> term;
  /// By constraint, the objective per byte/s; >= 0 but for equalities. Of constraints kAtLeast, of
  /// their negation.
  std::vector<double> constraint;
};

/// Scales what each communicator's and maximum's multipliers add up to; rounding and inexact solves
/// leave them a little off.
void normalise(DivisionMultipliers& multipliers, const BandwidthProblem& problem,
               double time_weight);

/// The largest violation, relative to the largest change of the objective with the logarithm of one
/// bandwidth, of: stationarity in log-bandwidth; complementarity of the needs, of the terms and of
/// the constraints; and, relative to the bandwidths that it bounds, of a constraint. The
/// multipliers are normalised and of the right signs.
double kkt_residual(const BandwidthProblem& problem, double time_weight, double usd_weight,
                    const std::vector<double>& bandwidth_bytes_per_s,
                    const DivisionMultipliers& multipliers);

/// A lower bound of the objective over all divisions, which any normalised multipliers of the right
/// signs prove (Lagrange's dual in closed form: each bandwidth has a term Q / B + p B, at least
/// 2 sqrt(Q p)). -infinity where they prove nothing.
double dual_bound(const BandwidthProblem& problem, double time_weight, double usd_weight,
                  const DivisionMultipliers& multipliers);

}  // namespace sextant
