#include "planner/topology/optimality.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace sextant {

namespace {

/// Weight of tau_k in the objective once the terms' shares of their maxima are chosen.
double communicator_weight(const StepTime& time, std::size_t k, double time_weight,
                           const DivisionMultipliers& multipliers) {
  double weight = time.always.weights_bytes[k];
  for (std::size_t l = 0; l < time.maxima.size(); ++l) {
    const StepTime::Maximum& maximum = time.maxima[l];
    for (std::size_t i = 0; i < maximum.terms.size(); ++i) {
      weight += maximum.count * multipliers.term[l][i] * maximum.terms[i].weights_bytes[k];
    }
  }
  return time_weight * weight;
}

/// Sets the sum of `values` to `total`; all to the first where they are zero.
void scale_to(std::vector<double>& values, double total) {
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  if (sum > 0) {
    for (double& value : values) value *= total / sum;
  } else if (!values.empty()) {
    values.front() = total;
  }
}

/// +1, or -1 for a constraint that is kept as its negation.
double direction(const BandwidthConstraint& constraint) {
  return constraint.relation == BandwidthConstraint::Relation::kAtLeast ? -1 : 1;
}

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

/// sum_k shares[k][d] * need[k][d].
double needed(const BandwidthProblem& problem, const DivisionMultipliers& multipliers,
              std::size_t d) {
  double sum = 0;
  for (std::size_t k = 0; k < problem.time.shares.size(); ++k) {
    sum += problem.time.shares[k][d] * multipliers.need[k][d];
  }
  return sum;
}

/// What a byte/s in dimension d costs: its price and the constraints it presses on.
double priced(const BandwidthProblem& problem, double usd_weight,
              const DivisionMultipliers& multipliers, std::size_t d) {
  double sum = usd_weight * problem.usd_per_byte_per_s[d];
  for (std::size_t j = 0; j < problem.constraints.size(); ++j) {
    sum += direction(problem.constraints[j]) * multipliers.constraint[j] *
           problem.constraints[j].coefficients[d];
  }
  return sum;
}

}  // namespace

void normalise(DivisionMultipliers& multipliers, const BandwidthProblem& problem,
               double time_weight) {
  for (std::vector<double>& shares : multipliers.term) scale_to(shares, 1);
  for (std::size_t k = 0; k < multipliers.need.size(); ++k) {
    scale_to(multipliers.need[k], communicator_weight(problem.time, k, time_weight, multipliers));
  }
}

double kkt_residual(const BandwidthProblem& problem, double time_weight, double usd_weight,
                    const std::vector<double>& bandwidth_bytes_per_s,
                    const DivisionMultipliers& multipliers) {
  const StepTime& time = problem.time;
  const std::vector<double>& bandwidth = bandwidth_bytes_per_s;
  double gradient = 0;
  double worst = 0;
  for (std::size_t d = 0; d < bandwidth.size(); ++d) {
    if (bandwidth[d] <= 0) continue;
    const double saved = needed(problem, multipliers, d) / bandwidth[d];
    const double paid = usd_weight * problem.usd_per_byte_per_s[d] * bandwidth[d];
    gradient = std::max(gradient, std::abs(saved) + paid);
    worst = std::max(worst,
                     std::abs(priced(problem, usd_weight, multipliers, d) * bandwidth[d] - saved));
  }
  std::vector<double> per_byte;
  for (std::size_t k = 0; k < time.shares.size(); ++k) {
    per_byte.push_back(time.seconds_per_byte(k, bandwidth));
    for (std::size_t d = 0; d < bandwidth.size(); ++d) {
      if (time.shares[k][d] <= 0) continue;
      const double slack = per_byte[k] - time.shares[k][d] / bandwidth[d];
      worst = std::max(worst, multipliers.need[k][d] * slack);
    }
  }
  for (std::size_t l = 0; l < time.maxima.size(); ++l) {
    std::vector<double> values;
    for (const StepTime::Term& term : time.maxima[l].terms) {
      values.push_back(term.constant_s + dot(term.weights_bytes, per_byte));
    }
    const double largest = *std::max_element(values.begin(), values.end());
    for (std::size_t i = 0; i < values.size(); ++i) {
      worst = std::max(worst, time_weight * time.maxima[l].count * multipliers.term[l][i] *
                                  (largest - values[i]));
    }
  }
  double violated = 0;
  for (std::size_t j = 0; j < problem.constraints.size(); ++j) {
    const BandwidthConstraint& constraint = problem.constraints[j];
    const double over = direction(constraint) *
                        (dot(constraint.coefficients, bandwidth) - constraint.bound_bytes_per_s);
    const bool equal = constraint.relation == BandwidthConstraint::Relation::kEqual;
    double size = std::abs(constraint.bound_bytes_per_s);
    for (std::size_t d = 0; d < bandwidth.size(); ++d) {
      size = std::max(size, std::abs(constraint.coefficients[d]) * bandwidth[d]);
    }
    if (size > 0) violated = std::max(violated, (equal ? std::abs(over) : over) / size);
    if (!equal) worst = std::max(worst, multipliers.constraint[j] * std::abs(over));
  }
  return std::max(gradient > 0 ? worst / gradient : worst, violated);
}

double dual_bound(const BandwidthProblem& problem, double time_weight, double usd_weight,
                  const DivisionMultipliers& multipliers) {
  double bound = time_weight * problem.time.always.constant_s;
  for (std::size_t l = 0; l < problem.time.maxima.size(); ++l) {
    const StepTime::Maximum& maximum = problem.time.maxima[l];
    for (std::size_t i = 0; i < maximum.terms.size(); ++i) {
      bound += time_weight * maximum.count * multipliers.term[l][i] * maximum.terms[i].constant_s;
    }
  }
  for (std::size_t d = 0; d < problem.usd_per_byte_per_s.size(); ++d) {
    const double price = priced(problem, usd_weight, multipliers, d);
    const double need = needed(problem, multipliers, d);
    if (price < 0) return -std::numeric_limits<double>::infinity();
    bound += 2 * std::sqrt(need * price);
  }
  for (std::size_t j = 0; j < problem.constraints.size(); ++j) {
    bound -= direction(problem.constraints[j]) * multipliers.constraint[j] *
             problem.constraints[j].bound_bytes_per_s;
  }
  return bound;
}

}  // namespace sextant
