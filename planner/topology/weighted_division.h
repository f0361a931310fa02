#pragma once

#include <optional>
#include <vector>

#include "planner/topology/bandwidth_problem.h"
#include "planner/topology/optimality.h"
#include "planner/topology/presolve.h"

namespace sextant {

/// A division of least time + seconds_per_usd * cost, with its multipliers for the weights
/// (1, seconds_per_usd).
struct WeightedDivision {
  std::vector<double> bandwidth_bytes_per_s;
  DivisionMultipliers multipliers;
  double time_s = 0;
  double cost_usd = 0;
};

WeightedDivision weighted_division(const PresolvedProblem& presolved, double seconds_per_usd);
/// The same; nothing where the numbers are too far apart for doubles, which is an error above.
std::optional<WeightedDivision> try_weighted_division(const PresolvedProblem& presolved,
                                                      double seconds_per_usd);

/// Where a total is all that is asked: every dimension has what the slowest communicators leave it
/// to need, and the rest goes to the cheapest, of equally cheap ones the lowest. No communicator
/// takes longer.
WeightedDivision with_surplus_at_the_cheapest(const PresolvedProblem& presolved,
                                              WeightedDivision division);

}  // namespace sextant
