#pragma once

// The choice among plans at the start of a period; private to planner/training/elastic.
// elastic_schedule.h has the formulas.

#include <compare>
#include <optional>
#include <string>
#include <vector>

#include "planner/training/elastic/elastic_schedule.h"

namespace sextant::elastic {

/// A plan that could run next.
struct Candidate {
  Prediction prediction;
  Move move;
  bool best = false;  ///< the planner's answer for these GPUs
  double downtime_s = 0;
  double lost_iterations = 0;

  bool keeps() const { return !move.changes; }
};

/// USD a second of the GPUs of a plan.
double usd_per_s(const Prediction& prediction);

/// The index of the candidate to take; there is at least one. Of equal ones the first. Without an
/// expected stay the planner's answer, where there is one.
std::size_t choose(const std::vector<Candidate>& candidates, const Job& job, MovePolicy policy,
                   std::optional<double> expected_stay_s);

/// Why that one was taken, for people.
std::string reason(const std::vector<Candidate>& candidates, std::size_t chosen, const Job& job,
                   MovePolicy policy, std::optional<double> expected_stay_s);

}  // namespace sextant::elastic
