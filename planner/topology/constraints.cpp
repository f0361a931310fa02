#include "planner/topology/constraints.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "analyzer/core/error.h"

namespace sextant {

using Relation = BandwidthConstraint::Relation;

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

bool is_total_only(const std::vector<BandwidthConstraint>& constraints) {
  return constraints.size() == 1 && constraints[0].relation == Relation::kEqual &&
         std::all_of(constraints[0].coefficients.begin(), constraints[0].coefficients.end(),
                     [](double a) { return a == 1; });
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

double largest_coefficient(const BandwidthConstraint& constraint) {
  double largest = 0;
  for (const double a : constraint.coefficients) largest = std::max(largest, std::abs(a));
  return largest;
}

double largest_bound(const std::vector<BandwidthConstraint>& constraints) {
  double unit = 0;
  for (const BandwidthConstraint& constraint : constraints) {
    unit = std::max(unit, std::abs(constraint.bound_bytes_per_s) / largest_coefficient(constraint));
  }
  return unit > 0 ? unit : 1;
}

double beyond_any_bandwidth(const std::vector<BandwidthConstraint>& constraints) {
  return 1e4 * largest_bound(constraints);
}

}  // namespace sextant
