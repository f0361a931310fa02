#pragma once

#include <optional>
#include <vector>

#include "planner/topology/bandwidth_problem.h"

namespace sextant {

/// The convex program behind every division, in variables near one: bandwidths x_d, times per byte
/// t_k of communicators, and values e_l of maxima. Minimise
///   sum_d price[d] x_d + sum_k communicator_weight[k] t_k + sum_l maximum_weight[l] e_l
/// subject to the rows below.
struct WeightedProgram {
  /// share / x_dimension <= t_communicator, share > 0.
  struct Need {
    std::size_t communicator;
    std::size_t dimension;
    double share;
  };
  /// constant + sum_k weights[k] t_k <= e_maximum.
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

  std::vector<double> price;
  std::vector<double> communicator_weight;  ///< every one of them has a need
  std::vector<double> maximum_weight;
  std::vector<Need> needs;
  std::vector<Term> terms;
  std::vector<Row> at_most;
  std::vector<Row> equal;
  std::vector<bool> is_free;  ///< by dimension; all others are >= 0
  /// Has room to every row of at_most and to x >= 0, and satisfies `equal`, whose rows are
  /// independent, but for rounding.
  std::vector<double> start;
};

/// A solution with its multipliers, all of which but those of `equal` are >= 0.
struct WeightedSolution {
  std::vector<double> x;        ///< by dimension
  std::vector<double> need;     ///< by need
  std::vector<double> term;     ///< by term
  std::vector<double> at_most;  ///< by row
  std::vector<double> equal;    ///< by row
};

/// Follows the central path from the start, which it never leaves (a primal-dual interior-point
/// method: Boyd and Vandenberghe, "Convex Optimization", 11.7), until complementarity and
/// stationarity are down at rounding. Nothing where it does not get there: the program is
/// unbounded, or its numbers are too far apart for doubles.
std::optional<WeightedSolution> solve(const WeightedProgram& program);

}  // namespace sextant
