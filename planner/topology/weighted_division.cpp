#include "planner/topology/weighted_division.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "analyzer/topology/network_cost.h"
#include "planner/topology/constraints.h"
#include "planner/topology/weighted_program.h"

namespace sextant {

namespace {

/// Less than this part of all bandwidth is rounding, not a choice.
constexpr double kSurplus = 1e-9;
constexpr double kDifferent = 1e-6;

/// What every tau_k weighs where all terms of a maximum count.
double all_weights(const StepTime& time, std::size_t k) {
  double sum = time.always.weights_bytes[k];
  for (const StepTime::Maximum& maximum : time.maxima) {
    for (const StepTime::Term& term : maximum.terms) sum += maximum.count * term.weights_bytes[k];
  }
  return sum;
}

/// Communication and cost where the unit is divided equally, so that the objective is near one.
double objective_unit(const BandwidthProblem& problem, double seconds_per_usd,
                      double bandwidth_unit) {
  const std::size_t dimensions = problem.usd_per_byte_per_s.size();
  const std::vector<double> equal(dimensions, bandwidth_unit / static_cast<double>(dimensions));
  double sum = seconds_per_usd * network_usd(problem.usd_per_byte_per_s, equal);
  for (std::size_t k = 0; k < problem.time.shares.size(); ++k) {
    sum += all_weights(problem.time, k) * problem.time.seconds_per_byte(k, equal);
  }
  return sum > 0 ? sum : 1;
}

/// Bandwidths in `bandwidth_unit`, seconds in `time_unit`.
class ScaledProgram {
 public:
  ScaledProgram(const BandwidthProblem& problem, double seconds_per_usd)
      : problem_(problem),
        bandwidth_unit_(largest_bound(problem.constraints)),
        time_unit_(objective_unit(problem, seconds_per_usd, bandwidth_unit_)) {
    const StepTime& time = problem.time;
    program_.dimensions = problem.usd_per_byte_per_s.size();
    for (const double usd : problem.usd_per_byte_per_s) {
      program_.price.push_back(seconds_per_usd * usd * bandwidth_unit_ / time_unit_);
    }
    program_.communicator_weight = scaled(time.always.weights_bytes);
    for (std::size_t k = 0; k < time.shares.size(); ++k) {
      for (std::size_t d = 0; d < program_.dimensions; ++d) {
        if (time.shares[k][d] > 0) program_.needs.push_back({k, d, time.shares[k][d]});
      }
    }
    for (std::size_t l = 0; l < time.maxima.size(); ++l) {
      program_.maximum_weight.push_back(time.maxima[l].count);
      for (const StepTime::Term& term : time.maxima[l].terms) {
        program_.terms.push_back({l, term.constant_s / time_unit_, scaled(term.weights_bytes)});
      }
    }
    scaled_rows_ = add_constraints(program_, problem.constraints, bandwidth_unit_);
  }

  std::optional<WeightedDivision> solve() const {
    const WeightedSolution solution = sextant::solve(program_);
    if (!solution.converged) return std::nullopt;
    WeightedDivision division;
    for (const double x : solution.x) division.bandwidth_bytes_per_s.push_back(x * bandwidth_unit_);
    division.multipliers = multipliers(solution);
    return division;
  }

 private:
  std::vector<double> scaled(std::vector<double> weights_bytes) const {
    for (double& weight : weights_bytes) weight /= bandwidth_unit_ * time_unit_;
    return weights_bytes;
  }

  DivisionMultipliers multipliers(const WeightedSolution& solution) const {
    const StepTime& time = problem_.time;
    DivisionMultipliers out;
    out.need.assign(time.shares.size(), std::vector<double>(program_.dimensions, 0));
    for (std::size_t i = 0; i < program_.needs.size(); ++i) {
      const WeightedProgram::Need& need = program_.needs[i];
      out.need[need.communicator][need.dimension] = solution.need[i];
    }
    for (const StepTime::Maximum& maximum : time.maxima) {
      out.term.emplace_back(maximum.terms.size(), 0.0);
    }
    std::vector<std::size_t> next(time.maxima.size(), 0);
    for (std::size_t i = 0; i < program_.terms.size(); ++i) {
      const std::size_t l = program_.terms[i].maximum;
      out.term[l][next[l]++] = solution.term[i];
    }
    out.constraint = constraint_multipliers(solution, problem_.constraints, scaled_rows_);
    for (double& multiplier : out.constraint) multiplier *= time_unit_ / bandwidth_unit_;
    normalise(out, problem_, 1);
    return out;
  }

  const BandwidthProblem& problem_;
  double bandwidth_unit_;
  double time_unit_;
  WeightedProgram program_;
  std::vector<double> scaled_rows_;
};

void evaluate(const BandwidthProblem& problem, WeightedDivision& division) {
  division.time_s = problem.time.seconds(division.bandwidth_bytes_per_s);
  division.cost_usd = network_usd(problem.usd_per_byte_per_s, division.bandwidth_bytes_per_s);
}

/// The least bandwidths at which no communicator takes longer.
std::vector<double> least_bandwidths(const StepTime& time, const std::vector<double>& bandwidth) {
  std::vector<double> least(bandwidth.size(), 0);
  for (std::size_t k = 0; k < time.shares.size(); ++k) {
    const double per_byte = time.seconds_per_byte(k, bandwidth);
    for (std::size_t d = 0; d < bandwidth.size(); ++d) {
      least[d] = std::max(least[d], time.shares[k][d] / per_byte);
    }
  }
  return least;
}

/// Nothing where the cheapest is what there is.
std::optional<std::vector<double>> cheapest_above(const BandwidthProblem& problem,
                                                  const std::vector<double>& least,
                                                  const std::vector<double>& present) {
  const std::vector<double>& usd = problem.usd_per_byte_per_s;
  const double all = std::accumulate(present.begin(), present.end(), 0.0);
  if (is_total_only(problem.constraints)) {
    const double surplus = all - std::accumulate(least.begin(), least.end(), 0.0);
    if (surplus <= kSurplus * all) return std::nullopt;
    std::vector<double> moved = least;
    moved[static_cast<std::size_t>(std::min_element(usd.begin(), usd.end()) - usd.begin())] +=
        surplus;
    return moved;
  }
  WeightedProgram program;
  program.dimensions = usd.size();
  const double dearest = *std::max_element(usd.begin(), usd.end());
  for (std::size_t d = 0; d < usd.size(); ++d) {
    program.price.push_back(usd[d] / dearest * (1 + kDifferent * static_cast<double>(d)));
    std::vector<double> floor(usd.size(), 0);
    floor[d] = -1;
    program.at_most.push_back({std::move(floor), -least[d] / all});
  }
  add_constraints(program, problem.constraints, all);
  const WeightedSolution solution = solve(program);
  if (!solution.converged) return std::nullopt;
  std::vector<double> moved;
  double change = 0;
  for (std::size_t d = 0; d < usd.size(); ++d) {
    moved.push_back(std::max(solution.x[d] * all, least[d]));
    change = std::max(change, std::abs(moved[d] - present[d]));
  }
  if (change <= kDifferent * all) return std::nullopt;
  return moved;
}

}  // namespace

std::optional<WeightedDivision> weighted_division(const BandwidthProblem& problem,
                                                  double seconds_per_usd) {
  std::optional<WeightedDivision> division = ScaledProgram(problem, seconds_per_usd).solve();
  if (division) evaluate(problem, *division);
  return division;
}

WeightedDivision cheapest_of_equals(const BandwidthProblem& problem, WeightedDivision division) {
  const std::vector<double> least = least_bandwidths(problem.time, division.bandwidth_bytes_per_s);
  auto moved = cheapest_above(problem, least, division.bandwidth_bytes_per_s);
  if (moved) {
    division.bandwidth_bytes_per_s = std::move(*moved);
    evaluate(problem, division);
  }
  return division;
}

}  // namespace sextant
