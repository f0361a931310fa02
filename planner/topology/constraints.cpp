#include "planner/topology/constraints.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "analyzer/core/error.h"

namespace sextant {

namespace {

using Relation = BandwidthConstraint::Relation;

/// Relative to the largest bound; below it a violation is rounding.
constexpr double kViolated = 1e-7;
/// In the same unit: a bandwidth beyond it is unbounded.
constexpr double kHuge = 1e6;

double largest_coefficient(const BandwidthConstraint& constraint) {
  double largest = 0;
  for (const double a : constraint.coefficients) largest = std::max(largest, std::abs(a));
  return largest;
}

/// How far, in units, the least violating bandwidths violate some constraint.
double least_violation(const std::vector<BandwidthConstraint>& constraints) {
  const std::size_t dimensions = constraints.front().coefficients.size();
  const double unit = largest_bound(constraints);
  WeightedProgram program;  // the last variable is the violation
  program.dimensions = dimensions + 1;
  program.price.assign(dimensions, 0);
  program.price.push_back(1);
  const auto add = [&](const BandwidthConstraint& constraint, double sign) {
    const double scale = largest_coefficient(constraint);
    WeightedProgram::Row row;
    for (const double a : constraint.coefficients) row.coefficients.push_back(sign * a / scale);
    row.coefficients.push_back(-1);
    row.bound = sign * constraint.bound_bytes_per_s / (scale * unit);
    program.at_most.push_back(std::move(row));
  };
  for (const BandwidthConstraint& constraint : constraints) {
    if (constraint.relation != Relation::kAtLeast) add(constraint, 1);
    if (constraint.relation != Relation::kAtMost) add(constraint, -1);
  }
  // Directions without an end would leave the method without a solution to go to.
  std::vector<double> all(dimensions + 1, 1 / kHuge);
  program.at_most.push_back({std::move(all), 1});
  const WeightedSolution solution = solve(program);
  if (!solution.converged) throw Error(ErrorCode::kInternal, "a linear program did not converge");
  return solution.x.back();
}

bool is_feasible(const std::vector<BandwidthConstraint>& constraints) {
  return constraints.empty() || least_violation(constraints) <= kViolated;
}

/// The largest bandwidth of one dimension, in units, at most kHuge.
double most_of(const std::vector<BandwidthConstraint>& constraints, std::size_t dimension,
               std::size_t dimensions) {
  WeightedProgram program;
  program.dimensions = dimensions;
  program.price.assign(dimensions, 0);
  program.price[dimension] = -1 / kHuge;
  add_constraints(program, constraints, largest_bound(constraints));
  program.at_most.push_back({std::vector<double>(dimensions, 1 / kHuge), 1});
  const WeightedSolution solution = solve(program);
  if (!solution.converged) throw Error(ErrorCode::kInternal, "a linear program did not converge");
  return solution.x[dimension];
}

/// Leaves out what conflicts without as well.
std::vector<BandwidthConstraint> smallest_conflict(std::vector<BandwidthConstraint> constraints) {
  for (std::size_t j = constraints.size(); j-- > 0;) {
    std::vector<BandwidthConstraint> others = constraints;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(j));
    if (!is_feasible(others)) constraints = std::move(others);
  }
  return constraints;
}

std::string texts(const std::vector<BandwidthConstraint>& constraints) {
  std::string all;
  for (const BandwidthConstraint& constraint : constraints) {
    all += fmt::format("{}{}", all.empty() ? "" : "; ", constraint.text);
  }
  return all;
}

}  // namespace

bool is_total_only(const std::vector<BandwidthConstraint>& constraints) {
  return constraints.size() == 1 && constraints[0].relation == Relation::kEqual &&
         std::all_of(constraints[0].coefficients.begin(), constraints[0].coefficients.end(),
                     [](double a) { return a == 1; });
}

double largest_bound(const std::vector<BandwidthConstraint>& constraints) {
  double unit = 0;
  for (const BandwidthConstraint& constraint : constraints) {
    unit = std::max(unit, std::abs(constraint.bound_bytes_per_s) / largest_coefficient(constraint));
  }
  return unit > 0 ? unit : 1;
}

std::vector<double> add_constraints(WeightedProgram& program,
                                    const std::vector<BandwidthConstraint>& constraints,
                                    double unit) {
  std::vector<double> scales;
  for (const BandwidthConstraint& constraint : constraints) {
    const double sign = constraint.relation == Relation::kAtLeast ? -1 : 1;
    const double scale = largest_coefficient(constraint);
    WeightedProgram::Row row;
    for (const double a : constraint.coefficients) row.coefficients.push_back(sign * a / scale);
    row.bound = sign * constraint.bound_bytes_per_s / (scale * unit);
    const bool equal = constraint.relation == Relation::kEqual;
    (equal ? program.equal : program.at_most).push_back(std::move(row));
    scales.push_back(scale);
  }
  return scales;
}

std::vector<double> constraint_multipliers(const WeightedSolution& solution,
                                           const std::vector<BandwidthConstraint>& constraints,
                                           const std::vector<double>& scales) {
  std::vector<double> multipliers;
  std::size_t equal = 0;
  std::size_t at_most = 0;
  for (std::size_t j = 0; j < constraints.size(); ++j) {
    const bool is_equal = constraints[j].relation == Relation::kEqual;
    multipliers.push_back((is_equal ? solution.equal[equal++] : solution.at_most[at_most++]) /
                          scales[j]);
  }
  return multipliers;
}

void check(const std::vector<BandwidthConstraint>& constraints, std::size_t dimensions) {
  for (const BandwidthConstraint& constraint : constraints) {
    const auto refuse = [&](const std::string& what) {
      throw_bad_input(fmt::format("constraint {}: {}", quote(constraint.text), what));
    };
    if (constraint.coefficients.size() != dimensions) {
      refuse(fmt::format("expected a coefficient for each of {} dimensions, found {}", dimensions,
                         constraint.coefficients.size()));
    }
    const double largest = largest_coefficient(constraint);
    if (!std::isfinite(largest) || !std::isfinite(constraint.bound_bytes_per_s)) {
      refuse("expected finite numbers");
    }
    if (!(largest > 0)) refuse("it constrains no dimension");
  }
}

void require_feasible(const std::vector<BandwidthConstraint>& constraints,
                      const std::vector<bool>& needed) {
  if (!is_feasible(constraints)) {
    throw_infeasible(fmt::format("no bandwidths satisfy these constraints together: {}",
                                 texts(smallest_conflict(constraints))));
  }
  for (std::size_t d = 0; d < needed.size(); ++d) {
    if (needed[d] && most_of(constraints, d, needed.size()) <= kViolated) {
      throw_infeasible(
          fmt::format("the workload sends through dimension {}, and these constraints leave it no "
                      "bandwidth: {}",
                      d, texts(constraints)));
    }
  }
}

void require_bounded(const std::vector<BandwidthConstraint>& constraints, std::size_t dimensions) {
  const auto is_upper = [](const BandwidthConstraint& constraint) {
    return constraint.relation != Relation::kAtLeast &&
           std::all_of(constraint.coefficients.begin(), constraint.coefficients.end(),
                       [](double a) { return a >= 0; });
  };
  for (std::size_t d = 0; d < dimensions; ++d) {
    const bool at_once = std::any_of(constraints.begin(), constraints.end(), [&](const auto& one) {
      return is_upper(one) && one.coefficients[d] > 0;
    });
    if (at_once) continue;
    if (constraints.empty() || most_of(constraints, d, dimensions) > kHuge / 2) {
      throw_bad_input(
          fmt::format("nothing bounds the bandwidth of dimension {} from above: give a total or a "
                      "constraint",
                      d));
    }
  }
}

bool allows_nothing(const std::vector<BandwidthConstraint>& constraints) {
  return std::all_of(constraints.begin(), constraints.end(), [](const BandwidthConstraint& one) {
    switch (one.relation) {
      case Relation::kAtMost:
        return one.bound_bytes_per_s >= 0;
      case Relation::kEqual:
        return one.bound_bytes_per_s == 0;
      case Relation::kAtLeast:
        return one.bound_bytes_per_s <= 0;
    }
    return false;
  });
}

}  // namespace sextant
