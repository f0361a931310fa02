#pragma once

#include "analyzer/core/random.h"
#include "planner/topology/bandwidth_problem.h"

namespace sextant {

/// A problem of 1 to 6 dimensions and 1 to 4 communicators whose shares, weights and prices lie
/// orders of magnitude apart; some dimensions unused or equally dear; overlapping terms in half of
/// them; one total of 1 GB/s to 1 TB/s.
BandwidthProblem random_problem(Random& random, BandwidthTarget target);

/// Adds constraints that one random division satisfies: bounds, sums and orders, some of them
/// tight.
void constrain(BandwidthProblem& problem, Random& random);

/// A division that satisfies the problem's total; with further constraints, nothing unless it
/// satisfies them.
std::vector<double> random_division(const BandwidthProblem& problem, Random& random);

/// Whether all constraints hold up to `tolerance` of their size.
bool satisfies(const BandwidthProblem& problem, const std::vector<double>& bandwidth_bytes_per_s,
               double tolerance = 1e-9);

/// The problem's objective at a division.
double objective_at(const BandwidthProblem& problem,
                    const std::vector<double>& bandwidth_bytes_per_s);

}  // namespace sextant
