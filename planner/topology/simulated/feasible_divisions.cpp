#include "planner/topology/simulated/feasible_divisions.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace sextant {

namespace {

using Relation = BandwidthConstraint::Relation;

/// A dimension keeps at least this part of its bandwidth.
constexpr double kLeastPart = 1e-3;
/// Excess over a bound that is rounding.
constexpr double kExact = 1e-13;
constexpr double kSatisfied = 1e-10;
constexpr int kMostCycles = 2000;

double dot(std::span<const double> a, std::span<const double> b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

void add(std::vector<double>& to, double factor, std::span<const double> direction) {
  for (std::size_t d = 0; d < to.size(); ++d) to[d] += factor * direction[d];
}

/// Makes `vector` orthogonal to `basis` and appends it at length 1, unless nothing is left of it.
void append_orthonormal(std::vector<std::vector<double>>& basis, std::vector<double> vector) {
  for (int pass = 0; pass < 2; ++pass) {  // the second removes the rounding of the first
    for (const std::vector<double>& known : basis) add(vector, -dot(known, vector), known);
  }
  const double length = std::sqrt(dot(vector, vector));
  if (length < 1e-6) return;
  for (double& each : vector) each /= length;
  basis.push_back(std::move(vector));
}

}  // namespace

double FeasibleDivisions::Row::excess(std::span<const double> x) const {
  return dot(coefficients, x) - bound;
}

FeasibleDivisions::FeasibleDivisions(const std::vector<BandwidthConstraint>& constraints,
                                     std::vector<double> around)
    : around_(std::move(around)) {
  add_rows(constraints);
  add_directions();
}

void FeasibleDivisions::add_rows(const std::vector<BandwidthConstraint>& constraints) {
  for (const BandwidthConstraint& constraint : constraints) {
    Row row{constraint.coefficients, constraint.bound_bytes_per_s,
            constraint.relation == Relation::kEqual};
    for (std::size_t d = 0; d < around_.size(); ++d) row.coefficients[d] *= around_[d];
    double length = std::sqrt(dot(row.coefficients, row.coefficients));
    if (length == 0) continue;
    if (constraint.relation == Relation::kAtLeast) length = -length;
    for (double& coefficient : row.coefficients) coefficient /= length;
    row.bound /= length;
    rows_.push_back(std::move(row));
  }
  for (std::size_t d = 0; d < around_.size(); ++d) {
    Row row{std::vector<double>(around_.size()), -kLeastPart};
    row.coefficients[d] = -1;
    rows_.push_back(std::move(row));
  }
}

void FeasibleDivisions::add_directions() {
  std::vector<std::vector<double>> basis;
  for (const Row& row : rows_) {
    if (row.is_equality) append_orthonormal(basis, row.coefficients);
  }
  const std::size_t fixed = basis.size();
  for (std::size_t d = 0; d < around_.size(); ++d) {
    if (around_[d] == 0) continue;
    std::vector<double> unit(around_.size());
    unit[d] = 1;
    append_orthonormal(basis, std::move(unit));
  }
  directions_.assign(basis.begin() + static_cast<std::ptrdiff_t>(fixed), basis.end());
}

bool FeasibleDivisions::project(std::vector<double>& x) const {
  std::vector<double> corrections(rows_.size());  // along each row's coefficients
  for (int cycle = 0; cycle < kMostCycles; ++cycle) {
    double moved = 0;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const Row& row = rows_[i];
      const double excess = row.excess(x) + corrections[i];
      const double correction = row.is_equality ? excess : std::max(0.0, excess);
      add(x, corrections[i] - correction, row.coefficients);
      moved = std::max(moved, std::abs(corrections[i] - correction));
      corrections[i] = correction;
    }
    if (moved <= kExact) break;
  }
  return std::all_of(rows_.begin(), rows_.end(), [&](const Row& row) {
    const double excess = row.excess(x);
    return (row.is_equality ? std::abs(excess) : excess) <=
           kSatisfied * std::max(1.0, std::abs(row.bound));
  });
}

std::optional<std::vector<double>> FeasibleDivisions::at(std::span<const double> steps) const {
  std::vector<double> x(around_.size(), 1);
  for (std::size_t i = 0; i < steps.size(); ++i) add(x, steps[i], directions_[i]);
  if (!project(x)) return std::nullopt;
  for (std::size_t d = 0; d < x.size(); ++d) x[d] *= around_[d];
  return x;
}

std::optional<std::vector<double>> nearest_feasible(
    const std::vector<BandwidthConstraint>& constraints, const std::vector<double>& wanted) {
  return FeasibleDivisions(constraints, wanted).at({});
}

}  // namespace sextant
