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
constexpr double kCheaper = 1e-6;

void check_problem(const BandwidthProblem& problem) {
  const std::size_t dimensions = problem.usd_per_byte_per_s.size();
  std::vector<bool> needed(dimensions, false);
  for (const std::vector<double>& shares : problem.time.shares) {
    if (shares.size() != dimensions) {
      throw Error(ErrorCode::kInternal, "shares and prices of different numbers of dimensions");
    }
    for (std::size_t d = 0; d < dimensions; ++d) needed[d] = needed[d] || shares[d] > 0;
  }
  for (const double usd : problem.usd_per_byte_per_s) {
    if (!(usd > 0) || !std::isfinite(usd)) throw_bad_input("a dimension's bandwidth costs nothing");
  }
  check(problem.constraints, dimensions);
  if (is_total_only(problem.constraints)) {
    const double total = problem.constraints.front().bound_bytes_per_s;
    if (!(total > 0)) {
      throw_infeasible(
          fmt::format("a total bandwidth of {} bytes/s leaves nothing to divide", total));
    }
    return;
  }
  require_bounded(problem.constraints, dimensions);
  require_feasible(problem.constraints, needed);
}

/// With multipliers for time_weight * time + usd_weight * cost.
BandwidthDivision finished(const BandwidthProblem& problem, const WeightedDivision& found,
                           double time_weight, double usd_weight) {
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
  division.lower_bound =
      std::min(division.objective, dual_bound(problem, time_weight, usd_weight, multipliers));
  division.multipliers = std::move(multipliers.constraint);
  return division;
}

WeightedDivision solved(const BandwidthProblem& problem, double seconds_per_usd) {
  std::optional<WeightedDivision> division = weighted_division(problem, seconds_per_usd);
  if (!division) {
    throw Error(ErrorCode::kInternal, "a feasible division of bandwidth was not found");
  }
  return std::move(*division);
}

BandwidthDivision least_weighted(const BandwidthProblem& problem, double seconds_per_usd) {
  const WeightedDivision found = cheapest_of_equals(problem, solved(problem, seconds_per_usd));
  return finished(problem, found, 1, seconds_per_usd);
}

/// Of equally fast divisions the cheapest, if communication can hide behind computation or
/// constraints leave more bandwidth than the fastest needs.
BandwidthDivision fastest(const BandwidthProblem& problem) {
  const WeightedDivision found = solved(problem, 0);
  const BandwidthDivision division = finished(problem, cheapest_of_equals(problem, found), 1, 0);
  if (problem.time.maxima.empty() && is_total_only(problem.constraints)) return division;
  auto cheaper = weighted_division(problem, kTinyPrice * found.time_s / found.cost_usd);
  if (!cheaper || cheaper->cost_usd >= division.cost_usd * (1 - kCheaper)) return division;
  // The multipliers of one fastest division prove all of them.
  cheaper->multipliers = found.multipliers;
  const BandwidthDivision cheapest =
      finished(problem, cheapest_of_equals(problem, std::move(*cheaper)), 1, 0);
  return cheapest.kkt_residual <= kOptimal ? cheapest : division;
}

BandwidthDivision least_time(const BandwidthProblem& problem) {
  if (const auto form = closed_form(problem)) {
    const BandwidthDivision division =
        finished(problem, {form->bandwidth_bytes_per_s, form->multipliers, 0, 0}, 1, 0);
    if (division.kkt_residual <= kOptimal) return division;
  }
  return fastest(problem);
}

BandwidthDivision least_time_times_cost(const BandwidthProblem& problem) {
  if (allows_nothing(problem.constraints)) {
    throw_bad_input(
        "time times cost falls with every byte/s that is left out, and the constraints allow none "
        "at "
        "all: give the total as what is to be spent, or a lower bound");
  }
  const LeastProduct least = least_product(problem);
  const WeightedDivision found = cheapest_of_equals(problem, least.division);
  BandwidthDivision division = finished(problem, found, found.cost_usd, found.time_s);
  division.objective = division.time_s * division.cost_usd;
  division.lower_bound = std::min(least.lower_bound, division.objective);
  return division;
}

}  // namespace

BandwidthConstraint total_budget(std::size_t dimensions, double total_bytes_per_s) {
  return {"total", std::vector<double>(dimensions, 1), BandwidthConstraint::Relation::kEqual,
          total_bytes_per_s};
}

BandwidthDivision divide_bandwidth(const BandwidthProblem& problem) {
  check_problem(problem);
  return problem.target == BandwidthTarget::kTime ? least_time(problem)
                                                  : least_time_times_cost(problem);
}

BandwidthDivision divide_bandwidth(const BandwidthProblem& problem, double seconds_per_usd) {
  check_problem(problem);
  if (!(seconds_per_usd >= 0) || !std::isfinite(seconds_per_usd)) {
    throw_bad_input(fmt::format("expected a weight of cost >= 0, found {}", seconds_per_usd));
  }
  return seconds_per_usd == 0 ? least_time(problem) : least_weighted(problem, seconds_per_usd);
}

}  // namespace sextant
