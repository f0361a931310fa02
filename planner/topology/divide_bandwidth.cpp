#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/topology/network_cost.h"
#include "planner/topology/bandwidth_problem.h"
#include "planner/topology/closed_form.h"
#include "planner/topology/constraints.h"
#include "planner/topology/optimality.h"
#include "planner/topology/time_cost_product.h"
#include "planner/topology/weighted_division.h"

namespace sextant {

namespace {

constexpr double kOptimal = 1e-9;
/// A price low enough that the time it costs is rounding, high enough to decide between equals.
constexpr double kTinyPrice = 1e-8;
constexpr double kSameTime = 1e-12;
constexpr double kCheaper = 1e-6;

PresolvedProblem presolved_problem(const BandwidthProblem& problem) {
  const std::size_t dimensions = problem.usd_per_byte_per_s.size();
  for (const std::vector<double>& shares : problem.time.shares) {
    if (shares.size() != dimensions) {
      throw Error(ErrorCode::kInternal, "shares and prices of different numbers of dimensions");
    }
  }
  for (const double usd : problem.usd_per_byte_per_s) {
    if (!(usd > 0) || !std::isfinite(usd)) throw_bad_input("a dimension's bandwidth costs nothing");
  }
  check(problem.constraints, dimensions);
  if (problem.constraints.empty()) throw_bad_input("nothing bounds the bandwidth: give a total");
  return presolve(problem);
}

/// Multipliers that do not nearly meet the conditions of optimality prove nothing.
double proved(const BandwidthDivision& division, double bound) {
  constexpr double kNearly = 1e-6;
  return division.kkt_residual <= kNearly ? std::min(bound, division.objective) : 0;
}

/// With multipliers for time_weight * time + usd_weight * cost.
BandwidthDivision finished(const PresolvedProblem& presolved, const WeightedDivision& found,
                           double time_weight, double usd_weight) {
  const BandwidthProblem& problem = presolved.problem;
  DivisionMultipliers multipliers = found.multipliers;
  for (std::vector<double>& need : multipliers.need) {
    for (double& multiplier : need) multiplier *= time_weight;
  }
  for (double& multiplier : multipliers.constraint) multiplier *= time_weight;
  BandwidthDivision division;
  division.bandwidth_bytes_per_s = found.bandwidth_bytes_per_s;
  division.time_s = problem.time.seconds(found.bandwidth_bytes_per_s);
  division.cost_usd = network_usd(problem.usd_per_byte_per_s, found.bandwidth_bytes_per_s);
  division.objective = time_weight * division.time_s + usd_weight * division.cost_usd;
  division.kkt_residual =
      kkt_residual(problem, time_weight, usd_weight, found.bandwidth_bytes_per_s, multipliers);
  division.lower_bound = proved(division, dual_bound(problem, time_weight, usd_weight, multipliers,
                                                     beyond_any_bandwidth(problem.constraints)));
  for (std::size_t j = 0; j < presolved.origin.size(); ++j) {
    const std::optional<std::size_t> origin = presolved.origin[j];
    if (!origin) continue;
    division.multipliers.resize(std::max(division.multipliers.size(), *origin + 1), 0);
    division.multipliers[*origin] = multipliers.constraint[j];
  }
  return division;
}

BandwidthDivision least_weighted(const PresolvedProblem& problem, double seconds_per_usd) {
  const WeightedDivision found =
      with_surplus_at_the_cheapest(problem, weighted_division(problem, seconds_per_usd));
  return finished(problem, found, 1, seconds_per_usd);
}

/// Of equally fast divisions the cheapest, if communication can hide behind computation or
/// constraints leave more bandwidth than the fastest needs.
BandwidthDivision fastest(const PresolvedProblem& problem) {
  const WeightedDivision found = weighted_division(problem, 0);
  const BandwidthDivision division =
      finished(problem, with_surplus_at_the_cheapest(problem, found), 1, 0);
  if (problem.problem.time.maxima.empty() && is_total_only(problem.problem.constraints)) {
    return division;
  }
  auto cheaper = try_weighted_division(problem, kTinyPrice * found.time_s / found.cost_usd);
  if (!cheaper || cheaper->cost_usd >= division.cost_usd * (1 - kCheaper)) return division;
  // The multipliers of one fastest division prove all of them.
  cheaper->multipliers = found.multipliers;
  const BandwidthDivision cheapest =
      finished(problem, with_surplus_at_the_cheapest(problem, std::move(*cheaper)), 1, 0);
  const bool as_fast = cheapest.time_s <= division.time_s * (1 + kSameTime);
  return as_fast && cheapest.kkt_residual <= kOptimal ? cheapest : division;
}

BandwidthDivision least_time(const PresolvedProblem& problem) {
  if (const auto form = closed_form(problem.problem)) {
    const BandwidthDivision division =
        finished(problem, {form->bandwidth_bytes_per_s, form->multipliers, 0, 0}, 1, 0);
    if (division.kkt_residual <= kOptimal) return division;
  }
  return fastest(problem);
}

BandwidthDivision least_time_times_cost(const PresolvedProblem& problem) {
  if (allows_nothing(problem.problem.constraints)) {
    throw_bad_input(
        "time times cost falls with every byte/s that is left out, and the constraints allow none: "
        "give the total as what is to be spent, or a lower bound");
  }
  const LeastProduct least = least_product(problem);
  const WeightedDivision found = with_surplus_at_the_cheapest(problem, least.division);
  BandwidthDivision division = finished(problem, found, found.cost_usd, found.time_s);
  division.objective = division.time_s * division.cost_usd;
  division.lower_bound = proved(division, least.lower_bound);
  return division;
}

}  // namespace

BandwidthConstraint total_budget(std::size_t dimensions, double total_bytes_per_s) {
  return {"total", std::vector<double>(dimensions, 1), BandwidthConstraint::Relation::kEqual,
          total_bytes_per_s};
}

BandwidthDivision divide_bandwidth(const BandwidthProblem& problem) {
  const PresolvedProblem presolved = presolved_problem(problem);
  BandwidthDivision division = problem.target == BandwidthTarget::kTime
                                   ? least_time(presolved)
                                   : least_time_times_cost(presolved);
  division.multipliers.resize(problem.constraints.size(), 0);
  return division;
}

BandwidthDivision divide_bandwidth(const BandwidthProblem& problem, double seconds_per_usd) {
  if (!(seconds_per_usd >= 0) || !std::isfinite(seconds_per_usd)) {
    throw_bad_input(fmt::format("expected a weight of cost >= 0, found {}", seconds_per_usd));
  }
  const PresolvedProblem presolved = presolved_problem(problem);
  BandwidthDivision division =
      seconds_per_usd == 0 ? least_time(presolved) : least_weighted(presolved, seconds_per_usd);
  division.multipliers.resize(problem.constraints.size(), 0);
  return division;
}

}  // namespace sextant
