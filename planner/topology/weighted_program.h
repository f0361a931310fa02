#pragma once

#include <vector>

#include "planner/topology/bandwidth_problem.h"

namespace sextant {

/// The convex program behind every division: minimise
///   time_weight * T(B) + sum_d price[d] * B_d   subject to linear constraints,
/// with T in epigraph form: tau_k >= shares[k][d] / B_d, e_l >= each term of maximum l. Everything
/// is scaled to be near one: bandwidths by `bandwidth_unit`, times by `time_unit`.
struct WeightedProgram {
  std::size_t dimensions = 0;
  /// One communicator's need in one dimension: x_d * t_k >= share.
  struct Need {
    std::size_t communicator;
    std::size_t dimension;
    double share;
  };
  /// One term of one maximum: constant + sum_k weights[k] t_k <= e_maximum.
  struct Term {
    std::size_t maximum;
    double constant;
    std::vector<double> weights;
  };
  /// sum_d coefficients[d] x_d (<= or =) bound.
  struct Row {
    std::vector<double> coefficients;
    double bound;
  };

  std::vector<double> price;                ///< by dimension
  std::vector<double> communicator_weight;  ///< by communicator, of t_k
  std::vector<double> maximum_weight;       ///< by maximum, of e_l
  std::vector<Need> needs;
  std::vector<Term> terms;
  std::vector<Row> at_most;
  std::vector<Row> equal;
};

/// A solution with its multipliers, all of which but those of `equal` are >= 0.
struct WeightedSolution {
  bool converged = false;
  std::vector<double> x;        ///< by dimension
  std::vector<double> need;     ///< by need: of share / x_d <= t_k
  std::vector<double> term;     ///< by term
  std::vector<double> at_most;  ///< by row
  std::vector<double> equal;    ///< by row
};

/// Mehrotra's predictor-corrector method (SIAM J. Optimization 2, 1992) from an infeasible start,
/// on needs in the form log share <= log x_d + log t_k, which is convex as well and well scaled for
/// bandwidths of different orders. Not converged = infeasible, unbounded, or beyond what doubles
/// can hold.
WeightedSolution solve(const WeightedProgram& program);

}  // namespace sextant
