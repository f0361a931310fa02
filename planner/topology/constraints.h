#pragma once

#include <vector>

#include "planner/topology/bandwidth_problem.h"

namespace sextant {

/// Throws Error(kBadInput) on constraints that are not of `dimensions` coefficients, not finite, or
/// constrain nothing.
void check(const std::vector<BandwidthConstraint>& constraints, std::size_t dimensions);

/// Whether the only constraint is that all bandwidths add up to something.
bool is_total_only(const std::vector<BandwidthConstraint>& constraints);

/// Whether no bandwidth at all satisfies the constraints.
bool allows_nothing(const std::vector<BandwidthConstraint>& constraints);

double largest_coefficient(const BandwidthConstraint& constraint);

/// The largest bandwidth that a constraint's bound means, or 1: a unit in which bandwidths are
/// near 1.
double largest_bound(const std::vector<BandwidthConstraint>& constraints);

/// More than any dimension of a bounded problem can have.
double beyond_any_bandwidth(const std::vector<BandwidthConstraint>& constraints);

}  // namespace sextant
