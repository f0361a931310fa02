#pragma once

#include <optional>
#include <vector>

#include "planner/topology/bandwidth_problem.h"
#include "planner/topology/optimality.h"

namespace sextant {

/// A division of least time + seconds_per_usd * cost, with its multipliers for the weights
/// (1, seconds_per_usd).
struct WeightedDivision {
  std::vector<double> bandwidth_bytes_per_s;
  DivisionMultipliers multipliers;
  double time_s = 0;
  double cost_usd = 0;
};

/// Nothing where the program has no solution: the constraints conflict, or leave a dimension that
/// is needed without bandwidth.
std::optional<WeightedDivision> weighted_division(const BandwidthProblem& problem,
                                                  double seconds_per_usd);

/// As much of a least-cost division as keeps every communicator's time: needs that the objective
/// does not feel become bounds, and the price decides alone; between equal prices the lowest
/// dimension gets more. `division` itself where that fails.
WeightedDivision cheapest_of_equals(const BandwidthProblem& problem, WeightedDivision division);

}  // namespace sextant
