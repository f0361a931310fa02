#pragma once

#include <optional>
#include <vector>

#include "planner/topology/bandwidth_problem.h"
#include "planner/topology/weighted_program.h"

namespace sextant {

/// A problem in a form in which some bandwidths have room to all of its constraints.
struct PresolvedProblem {
  /// With constraints that say the same: inequalities that no bandwidths satisfy with room are
  /// equalities, those that follow from others are left out, and a dimension to which they leave
  /// nothing is set to 0 by one of its own.
  BandwidthProblem problem;
  /// By constraint of `problem`: which of those given it is. Nothing for those of its own.
  std::vector<std::optional<std::size_t>> origin;
  std::vector<bool> nothing;                 ///< by dimension: all it can have is 0
  std::vector<double> interior_bytes_per_s;  ///< satisfies all, with room to every inequality
};

/// Throws Error(kInfeasible) where no bandwidths >= 0 satisfy all constraints, with a smallest set
/// of them that conflict, and where they leave nothing to a dimension that the workload sends
/// through; Error(kBadInput) where some dimension's bandwidth has no upper bound.
PresolvedProblem presolve(const BandwidthProblem& problem);

/// Rows, start and is_free of a program in bandwidths of `unit`.
WeightedProgram constraint_rows(const PresolvedProblem& presolved, double unit);

/// Of a solution of a program whose first rows are these, by constraint of the presolved problem,
/// in the program's units.
std::vector<double> constraint_multipliers(const PresolvedProblem& presolved,
                                           const WeightedSolution& solution);

}  // namespace sextant
