#include "tests/planner/topology/random_problem.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "analyzer/topology/network_cost.h"

namespace sextant {

namespace {

double log_uniform(Random& random, double low, double high) {
  return low * std::pow(high / low, random.uniform());
}

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

StepTime::Term random_term(Random& random, std::size_t communicators) {
  StepTime::Term term;
  term.constant_s = random.below(3) == 0 ? 0 : log_uniform(random, 1e-3, 1);
  for (std::size_t k = 0; k < communicators; ++k) {
    term.weights_bytes.push_back(random.below(2) == 0 ? 0 : log_uniform(random, 1e8, 1e11));
  }
  return term;
}

/// Satisfies the first constraint, a total.
std::vector<double> spread(const BandwidthProblem& problem, Random& random) {
  std::vector<double> parts;
  for (std::size_t d = 0; d < problem.usd_per_byte_per_s.size(); ++d) {
    parts.push_back(log_uniform(random, 1e-3, 1));
  }
  const double sum = std::accumulate(parts.begin(), parts.end(), 0.0);
  for (double& part : parts) part *= problem.constraints.front().bound_bytes_per_s / sum;
  return parts;
}

}  // namespace

BandwidthProblem random_problem(Random& random, BandwidthTarget target) {
  BandwidthProblem problem;
  problem.target = target;
  const std::size_t dimensions = 1 + random.below(6);
  const std::size_t communicators = 1 + random.below(4);
  StepTime& time = problem.time;
  for (std::size_t k = 0; k < communicators; ++k) {
    std::vector<double>& shares = time.shares.emplace_back();
    for (std::size_t d = 0; d < dimensions; ++d) {
      shares.push_back(random.below(3) == 0 ? 0 : log_uniform(random, 1e-3, 1));
    }
    shares[random.below(dimensions)] = 0.5;
  }
  time.always = random_term(random, communicators);
  for (double& weight : time.always.weights_bytes) weight = std::max(weight, 1e7);
  for (std::size_t l = random.below(2) * random.below(4); l > 0; --l) {
    StepTime::Maximum& maximum = time.maxima.emplace_back();
    maximum.count = static_cast<double>(1 + random.below(20));
    for (int i = 0; i < 2; ++i) maximum.terms.push_back(random_term(random, communicators));
  }
  for (std::size_t d = 0; d < dimensions; ++d) {
    problem.usd_per_byte_per_s.push_back(random.below(3) == 0 ? 2e-6
                                                              : log_uniform(random, 1e-7, 1e-4));
  }
  problem.constraints = {total_budget(dimensions, log_uniform(random, 1e9, 1e12))};
  return problem;
}

void constrain(BandwidthProblem& problem, Random& random) {
  using Relation = BandwidthConstraint::Relation;
  const std::vector<double> inside = spread(problem, random);
  for (std::size_t count = 1 + random.below(4); count > 0; --count) {
    BandwidthConstraint constraint;
    constraint.text = "random";
    for (std::size_t d = 0; d < inside.size(); ++d) {
      const double a = random.below(2) == 0 ? 0 : (random.below(4) == 0 ? -1 : 1);
      constraint.coefficients.push_back(a);
    }
    constraint.coefficients[random.below(inside.size())] = 1;
    const double value = dot(constraint.coefficients, inside);
    const double room = random.below(2) == 0 ? 0 : 0.1 * std::abs(value);
    constraint.relation = random.below(2) == 0 ? Relation::kAtMost : Relation::kAtLeast;
    constraint.bound_bytes_per_s =
        value + (constraint.relation == Relation::kAtMost ? room : -room);
    problem.constraints.push_back(std::move(constraint));
  }
}

std::vector<double> random_division(const BandwidthProblem& problem, Random& random) {
  std::vector<double> division = spread(problem, random);
  if (!satisfies(problem, division)) division.clear();
  return division;
}

bool satisfies(const BandwidthProblem& problem, const std::vector<double>& bandwidth_bytes_per_s,
               double tolerance) {
  using Relation = BandwidthConstraint::Relation;
  return std::all_of(
      problem.constraints.begin(), problem.constraints.end(), [&](const BandwidthConstraint& one) {
        const double over = dot(one.coefficients, bandwidth_bytes_per_s) - one.bound_bytes_per_s;
        const double room = tolerance * (std::abs(one.bound_bytes_per_s) +
                                         *std::max_element(bandwidth_bytes_per_s.begin(),
                                                           bandwidth_bytes_per_s.end()));
        return (one.relation == Relation::kAtLeast || over <= room) &&
               (one.relation == Relation::kAtMost || over >= -room);
      });
}

double objective_at(const BandwidthProblem& problem,
                    const std::vector<double>& bandwidth_bytes_per_s) {
  const double time_s = problem.time.seconds(bandwidth_bytes_per_s);
  return problem.target == BandwidthTarget::kTime
             ? time_s
             : time_s * network_usd(problem.usd_per_byte_per_s, bandwidth_bytes_per_s);
}

}  // namespace sextant
