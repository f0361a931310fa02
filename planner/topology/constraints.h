#pragma once

#include <vector>

#include "planner/topology/bandwidth_problem.h"
#include "planner/topology/weighted_program.h"

namespace sextant {

/// Whether the only constraint is that all bandwidths add up to something.
bool is_total_only(const std::vector<BandwidthConstraint>& constraints);

/// The largest bandwidth that a constraint's bound means, > 0: a unit in which bandwidths are
/// near 1.
double largest_bound(const std::vector<BandwidthConstraint>& constraints);

/// Adds the constraints as rows in `unit`, each scaled to a largest coefficient of one. Returns the
/// scales, by constraint.
std::vector<double> add_constraints(WeightedProgram& program,
                                    const std::vector<BandwidthConstraint>& constraints,
                                    double unit);

/// By constraint, from the rows that add_constraints added as the program's first of their kind or
/// last: in the program's units.
std::vector<double> constraint_multipliers(const WeightedSolution& solution,
                                           const std::vector<BandwidthConstraint>& constraints,
                                           const std::vector<double>& scales);

/// Throws Error(kBadInput) on constraints that are not of `dimensions` coefficients, not finite, or
/// constrain nothing.
void check(const std::vector<BandwidthConstraint>& constraints, std::size_t dimensions);

/// Throws Error(kInfeasible) where no bandwidths >= 0 satisfy all constraints, with a smallest set
/// of them that conflict; and where they leave nothing to a dimension of `needed`.
void require_feasible(const std::vector<BandwidthConstraint>& constraints,
                      const std::vector<bool>& needed);

/// Throws Error(kBadInput) where some dimension's bandwidth has no upper bound.
void require_bounded(const std::vector<BandwidthConstraint>& constraints, std::size_t dimensions);

/// Whether no bandwidth at all satisfies the constraints.
bool allows_nothing(const std::vector<BandwidthConstraint>& constraints);

}  // namespace sextant
