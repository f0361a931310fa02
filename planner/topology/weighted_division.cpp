#include "planner/topology/weighted_division.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "analyzer/core/error.h"
#include "analyzer/topology/network_cost.h"
#include "planner/topology/constraints.h"
#include "planner/topology/weighted_program.h"

namespace sextant {

namespace {

/// Less than this part of all bandwidth is rounding, not a choice.
constexpr double kSurplus = 1e-9;

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

/// Bandwidths that add up to one, near the best if every communicator felt all of its dimensions:
/// those of least sum_d need_d / x_d + price_d x_d.
std::vector<double> balanced_start(const std::vector<double>& need,
                                   const std::vector<double>& price) {
  constexpr double kLeast = 1e-6;
  constexpr int kHalvings = 40;
  std::vector<double> x(need.size());
  const auto spread = [&](double surcharge) {
    double sum = 0;
    for (std::size_t d = 0; d < x.size(); ++d) {
      x[d] = std::max(kLeast, std::sqrt(need[d] / (price[d] + surcharge)));
      sum += x[d];
    }
    return sum;
  };
  double low = -*std::min_element(price.begin(), price.end());
  double high = 1;
  while (spread(high) > 1 && high < 1e12) high *= 8;
  for (int i = 0; i < kHalvings; ++i) {
    const double middle = (low + high) / 2;
    (spread(middle) > 1 ? low : high) = middle;
  }
  const double sum = spread(high);
  for (double& part : x) part /= sum;
  return x;
}

/// Bandwidths in `bandwidth_unit`, seconds in `time_unit`, times per byte in those of the start.
class ScaledProgram {
 public:
  ScaledProgram(const PresolvedProblem& presolved, double seconds_per_usd)
      : presolved_(presolved),
        bandwidth_unit_(largest_bound(presolved.problem.constraints)),
        time_unit_(objective_unit(presolved.problem, seconds_per_usd, bandwidth_unit_)),
        program_(constraint_rows(presolved, bandwidth_unit_)) {
    const BandwidthProblem& problem = presolved.problem;
    const StepTime& time = problem.time;
    for (const double usd : problem.usd_per_byte_per_s) {
      program_.price.push_back(seconds_per_usd * usd * bandwidth_unit_ / time_unit_);
    }
    if (is_total_only(problem.constraints))
      program_.start = balanced_start(needs(), program_.price);
    for (std::size_t k = 0; k < time.shares.size(); ++k) {
      per_byte_.push_back(time.seconds_per_byte(k, program_.start));
      for (std::size_t d = 0; d < program_.price.size(); ++d) {
        if (time.shares[k][d] > 0) {
          program_.needs.push_back({k, d, time.shares[k][d] / per_byte_[k]});
        }
      }
    }
    program_.communicator_weight = scaled(time.always.weights_bytes);
    for (std::size_t l = 0; l < time.maxima.size(); ++l) {
      program_.maximum_weight.push_back(time.maxima[l].count);
      for (const StepTime::Term& term : time.maxima[l].terms) {
        program_.terms.push_back({l, term.constant_s / time_unit_, scaled(term.weights_bytes)});
      }
    }
  }

  std::optional<WeightedDivision> solve() const {
    const std::optional<WeightedSolution> solution = sextant::solve(program_);
    if (!solution) return std::nullopt;
    WeightedDivision division;
    for (const double x : solution->x) {
      division.bandwidth_bytes_per_s.push_back(x * bandwidth_unit_);
    }
    division.multipliers = multipliers(*solution);
    return division;
  }

 private:
  /// By dimension, in time units, what all communicators send there at a bandwidth of one.
  std::vector<double> needs() const {
    const StepTime& time = presolved_.problem.time;
    std::vector<double> need(program_.price.size(), 0);
    for (std::size_t k = 0; k < time.shares.size(); ++k) {
      for (std::size_t d = 0; d < need.size(); ++d) {
        need[d] += all_weights(time, k) * time.shares[k][d] / (bandwidth_unit_ * time_unit_);
      }
    }
    return need;
  }

  std::vector<double> scaled(std::vector<double> weights_bytes) const {
    for (std::size_t k = 0; k < weights_bytes.size(); ++k) {
      weights_bytes[k] *= per_byte_[k] / (bandwidth_unit_ * time_unit_);
    }
    return weights_bytes;
  }

  DivisionMultipliers multipliers(const WeightedSolution& solution) const {
    const StepTime& time = presolved_.problem.time;
    DivisionMultipliers out;
    out.need.assign(time.shares.size(), std::vector<double>(program_.price.size(), 0));
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
    out.constraint = constraint_multipliers(presolved_, solution);
    for (double& multiplier : out.constraint) multiplier *= time_unit_ / bandwidth_unit_;
    normalise(out, presolved_.problem, 1);
    return out;
  }

  const PresolvedProblem& presolved_;
  double bandwidth_unit_;
  double time_unit_;
  WeightedProgram program_;
  std::vector<double> per_byte_;  ///< of each communicator at the start, bandwidths in their unit
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

}  // namespace

std::optional<WeightedDivision> try_weighted_division(const PresolvedProblem& presolved,
                                                      double seconds_per_usd) {
  std::optional<WeightedDivision> division = ScaledProgram(presolved, seconds_per_usd).solve();
  if (division) evaluate(presolved.problem, *division);
  return division;
}

WeightedDivision weighted_division(const PresolvedProblem& presolved, double seconds_per_usd) {
  std::optional<WeightedDivision> division = try_weighted_division(presolved, seconds_per_usd);
  if (!division) {
    throw Error(ErrorCode::kInternal, "a division of bandwidth that exists was not found");
  }
  return std::move(*division);
}

WeightedDivision with_surplus_at_the_cheapest(const PresolvedProblem& presolved,
                                              WeightedDivision division) {
  if (!is_total_only(presolved.problem.constraints)) return division;
  const std::vector<double>& usd = presolved.problem.usd_per_byte_per_s;
  std::vector<double>& bandwidth = division.bandwidth_bytes_per_s;
  std::vector<double> least = least_bandwidths(presolved.problem.time, bandwidth);
  const double all = std::accumulate(bandwidth.begin(), bandwidth.end(), 0.0);
  const double surplus = all - std::accumulate(least.begin(), least.end(), 0.0);
  if (surplus > kSurplus * all) {
    const auto cheapest = std::min_element(usd.begin(), usd.end()) - usd.begin();
    least[static_cast<std::size_t>(cheapest)] += surplus;
    bandwidth = std::move(least);
    evaluate(presolved.problem, division);
  }
  return division;
}

}  // namespace sextant
