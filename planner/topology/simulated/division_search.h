#pragma once

#include <functional>
#include <span>
#include <vector>

#include "planner/topology/bandwidth_problem.h"

namespace sextant {

/// What is minimised, of bandwidths in bytes/s by dimension; > 0.
using DivisionObjective = std::function<double(std::span<const double>)>;

/// The best of all divisions that were tried.
struct DivisionSearchResult {
  std::vector<double> bandwidth_bytes_per_s;
  double objective = 0;
  std::size_t start = 0;  ///< from which the search went on: the best of them
  double start_objective = 0;
  int evaluations = 0;
};

/// Local search without derivatives (NLopt's SBPLX: T. Rowan's subplex, Nelder and Mead's simplex
/// in subspaces) from the best of `starts`, again and again from the best so far with other first
/// steps, until `max_evaluations` are spent or nothing is gained. Starts that violate the
/// constraints are moved to the nearest division that does not. Deterministic, and never worse than
/// a start; max_evaluations counts these too, and all of them are evaluated. Throws
/// Error(kInfeasible) where no start can be moved.
DivisionSearchResult search_divisions(const DivisionObjective& objective,
                                      const std::vector<BandwidthConstraint>& constraints,
                                      const std::vector<std::vector<double>>& starts,
                                      int max_evaluations);

}  // namespace sextant
