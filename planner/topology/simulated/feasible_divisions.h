#pragma once

#include <optional>
#include <span>
#include <vector>

#include "planner/topology/bandwidth_problem.h"

namespace sextant {

/// The divisions that satisfy linear constraints, seen from one of them in relative steps: every
/// dimension is measured by its bandwidth there.
class FeasibleDivisions {
 public:
  /// `around` has positive bandwidths, or zeros, which stay zero.
  FeasibleDivisions(const std::vector<BandwidthConstraint>& constraints,
                    std::vector<double> around);

  /// Orthonormal directions of relative change that keep every equality: one for each degree of
  /// freedom.
  std::size_t freedoms() const { return directions_.size(); }

  /// The feasible division nearest to `around` moved by `steps` along the directions. Nothing where
  /// none is found.
  std::optional<std::vector<double>> at(std::span<const double> steps) const;

 private:
  /// coefficients x <= bound or = bound, for relative bandwidths x; coefficients of length 1.
  struct Row {
    std::vector<double> coefficients;
    double bound = 0;
    bool is_equality = false;

    /// How far x is on the wrong side, with its sign.
    double excess(std::span<const double> x) const;
  };

  void add_rows(const std::vector<BandwidthConstraint>& constraints);
  void add_directions();
  /// Moves x to the nearest point of all rows (Dykstra's algorithm); whether it got there.
  bool project(std::vector<double>& x) const;

  std::vector<double> around_;
  std::vector<Row> rows_;
  std::vector<std::vector<double>> directions_;
};

/// The division nearest to `wanted` (bytes/s, by dimension) that satisfies the constraints, in
/// relative steps. Nothing where none is found.
std::optional<std::vector<double>> nearest_feasible(
    const std::vector<BandwidthConstraint>& constraints, const std::vector<double>& wanted);

}  // namespace sextant
