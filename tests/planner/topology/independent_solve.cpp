#include "tests/planner/topology/independent_solve.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <nlopt.h>
#include <span>

#include "analyzer/core/random.h"
#include "analyzer/topology/network_cost.h"
#include "planner/topology/simulated/feasible_divisions.h"
#include "tests/planner/topology/random_problem.h"

namespace sextant {

namespace {

using Relation = BandwidthConstraint::Relation;

/// Relative excess over a bound that is rounding.
constexpr double kSatisfied = 1e-14;

/// a x <= bound or a x = bound, in the program's variables.
struct LinearRow {
  std::vector<double> coefficients;
  double bound = 0;
};

/// The epigraph form around one division: every variable is relative to its value there, so that
/// all are of size 1. Bandwidths first, then times per byte, then maxima.
class EpigraphForm {
 public:
  EpigraphForm(const BandwidthProblem& problem, std::vector<double> around)
      : problem_(problem), around_(std::move(around)) {
    const StepTime& time = problem.time;
    for (std::size_t k = 0; k < time.shares.size(); ++k) {
      per_byte_.push_back(time.seconds_per_byte(k, around_));
    }
    for (const StepTime::Maximum& maximum : time.maxima) {
      double largest = 0;
      for (const StepTime::Term& term : maximum.terms) largest = std::max(largest, value(term));
      maxima_.push_back(std::max(largest, 1e-12));
    }
    seconds_ = time.seconds(around_);
    usd_ = network_usd(problem.usd_per_byte_per_s, around_);
    for (const BandwidthConstraint& constraint : problem.constraints) add_row(constraint);
  }

  std::size_t variables() const { return around_.size() + per_byte_.size() + maxima_.size(); }
  std::size_t inequalities() const {
    std::size_t terms = 0;
    for (const StepTime::Maximum& maximum : problem_.time.maxima) terms += maximum.terms.size();
    return at_most_.size() + terms + around_.size() * per_byte_.size();
  }
  std::size_t equalities() const { return equal_.size(); }

  /// Time, or the sum of the logarithms of time and cost; relative to the start.
  double objective(const double* x, double* gradient) const {
    const StepTime& time = problem_.time;
    const double* per_byte = x + around_.size();
    const double* maximum = per_byte + per_byte_.size();
    double seconds = time.always.constant_s;
    for (std::size_t k = 0; k < per_byte_.size(); ++k) {
      seconds += time.always.weights_bytes[k] * per_byte_[k] * per_byte[k];
    }
    for (std::size_t j = 0; j < maxima_.size(); ++j) {
      seconds += time.maxima[j].count * maxima_[j] * maximum[j];
    }
    double usd = 0;
    for (std::size_t d = 0; d < around_.size(); ++d) {
      usd += problem_.usd_per_byte_per_s[d] * around_[d] * x[d];
    }
    const bool with_cost = problem_.target == BandwidthTarget::kTimeTimesCost;
    const double by_second = 1 / (with_cost ? seconds : seconds_);
    if (gradient != nullptr) {
      for (std::size_t d = 0; d < around_.size(); ++d) {
        gradient[d] = with_cost ? problem_.usd_per_byte_per_s[d] * around_[d] / usd : 0;
      }
      for (std::size_t k = 0; k < per_byte_.size(); ++k) {
        gradient[around_.size() + k] = time.always.weights_bytes[k] * per_byte_[k] * by_second;
      }
      for (std::size_t j = 0; j < maxima_.size(); ++j) {
        gradient[around_.size() + per_byte_.size() + j] =
            time.maxima[j].count * maxima_[j] * by_second;
      }
    }
    return with_cost ? std::log(seconds / seconds_) + std::log(usd / usd_) : seconds / seconds_;
  }

  /// Values that must not be positive; `gradient` by row.
  void inequalities(double* result, const double* x, double* gradient) const {
    const std::size_t width = variables();
    if (gradient != nullptr) std::fill_n(gradient, inequalities() * width, 0.0);
    std::size_t row = linear(at_most_, result, x, gradient);
    const std::size_t dimensions = around_.size();
    const auto slope = [&](std::size_t variable) -> double& {
      return gradient[row * width + variable];
    };
    for (std::size_t k = 0; k < per_byte_.size(); ++k) {
      for (std::size_t d = 0; d < dimensions; ++d, ++row) {
        const double share = problem_.time.shares[k][d] / around_[d] / per_byte_[k];
        result[row] = share / x[d] - x[dimensions + k];
        if (gradient == nullptr) continue;
        slope(d) = -share / (x[d] * x[d]);
        slope(dimensions + k) = -1;
      }
    }
    for (std::size_t j = 0; j < maxima_.size(); ++j) {
      for (const StepTime::Term& term : problem_.time.maxima[j].terms) {
        const std::size_t own = dimensions + per_byte_.size() + j;
        result[row] = term.constant_s / maxima_[j] - x[own];
        if (gradient != nullptr) slope(own) = -1;
        for (std::size_t k = 0; k < per_byte_.size(); ++k) {
          const double weight = term.weights_bytes[k] * per_byte_[k] / maxima_[j];
          result[row] += weight * x[dimensions + k];
          if (gradient != nullptr) slope(dimensions + k) = weight;
        }
        ++row;
      }
    }
  }
  void equalities(double* result, const double* x, double* gradient) const {
    if (gradient != nullptr) std::fill_n(gradient, equalities() * variables(), 0.0);
    linear(equal_, result, x, gradient);
  }

 private:
  double value(const StepTime::Term& term) const {
    double sum = term.constant_s;
    for (std::size_t k = 0; k < per_byte_.size(); ++k) sum += term.weights_bytes[k] * per_byte_[k];
    return sum;
  }

  void add_row(const BandwidthConstraint& constraint) {
    LinearRow row{constraint.coefficients, constraint.bound_bytes_per_s};
    double size = std::abs(row.bound);
    for (std::size_t d = 0; d < around_.size(); ++d) {
      row.coefficients[d] *= around_[d];
      size = std::max(size, std::abs(row.coefficients[d]));
    }
    if (size == 0) return;
    if (constraint.relation == Relation::kAtLeast) size = -size;
    for (double& coefficient : row.coefficients) coefficient /= size;
    row.bound /= size;
    (constraint.relation == Relation::kEqual ? equal_ : at_most_).push_back(std::move(row));
  }

  std::size_t linear(const std::vector<LinearRow>& rows, double* result, const double* x,
                     double* gradient) const {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      result[i] = -rows[i].bound;
      for (std::size_t d = 0; d < around_.size(); ++d) {
        result[i] += rows[i].coefficients[d] * x[d];
        if (gradient != nullptr) gradient[i * variables() + d] = rows[i].coefficients[d];
      }
    }
    return rows.size();
  }

  const BandwidthProblem& problem_;
  std::vector<double> around_;
  std::vector<double> per_byte_;
  std::vector<double> maxima_;
  double seconds_ = 0;
  double usd_ = 0;
  std::vector<LinearRow> at_most_;
  std::vector<LinearRow> equal_;
};

/// One run of SLSQP around a division, and the best that it came by.
class Run {
 public:
  Run(const BandwidthProblem& problem, const std::vector<double>& around,
      std::optional<IndependentDivision>& best)
      : problem_(problem), around_(around), form_(problem, around), best_(best) {}

  /// The bandwidths where it ended.
  std::vector<double> end() {
    const unsigned width = static_cast<unsigned>(form_.variables());
    const std::unique_ptr<nlopt_opt_s, decltype(&nlopt_destroy)> solver(
        nlopt_create(NLOPT_LD_SLSQP, width), nlopt_destroy);
    nlopt_set_min_objective(
        solver.get(),
        [](unsigned, const double* x, double* gradient, void* run) {
          return static_cast<Run*>(run)->objective(x, gradient);
        },
        this);
    // Wide: what counts are bandwidths, which satisfy the linear rows much better than that.
    const std::vector<double> tolerances(form_.inequalities() + form_.equalities(), 1e-7);
    nlopt_add_inequality_mconstraint(
        solver.get(), static_cast<unsigned>(form_.inequalities()),
        [](unsigned, double* result, unsigned, const double* x, double* gradient, void* run) {
          static_cast<Run*>(run)->form_.inequalities(result, x, gradient);
        },
        this, tolerances.data());
    nlopt_add_equality_mconstraint(
        solver.get(), static_cast<unsigned>(form_.equalities()),
        [](unsigned, double* result, unsigned, const double* x, double* gradient, void* run) {
          static_cast<Run*>(run)->form_.equalities(result, x, gradient);
        },
        this, tolerances.data());
    nlopt_set_lower_bounds1(solver.get(), 1e-3);
    nlopt_set_upper_bounds1(solver.get(), 1e3);
    nlopt_set_maxeval(solver.get(), 200);
    nlopt_set_ftol_rel(solver.get(), 1e-15);
    std::vector<double> x(width, 1);
    double value = 0;
    nlopt_optimize(solver.get(), x.data(), &value);  // where it stops early, x is what it had
    return bandwidth(x.data());
  }

 private:
  std::vector<double> bandwidth(const double* x) const {
    std::vector<double> absolute = around_;
    for (std::size_t d = 0; d < absolute.size(); ++d) absolute[d] *= x[d];
    return absolute;
  }

  double objective(const double* x, double* gradient) {
    std::vector<double> here = bandwidth(x);
    const double real = objective_at(problem_, here);
    if ((!best_ || real < best_->objective) && satisfies(problem_, here, kSatisfied)) {
      best_ = {std::move(here), real};
    }
    return form_.objective(x, gradient);
  }

  const BandwidthProblem& problem_;
  const std::vector<double>& around_;
  EpigraphForm form_;
  std::optional<IndependentDivision>& best_;
};

}  // namespace

std::optional<IndependentDivision> solve_independently(const BandwidthProblem& problem) {
  constexpr int kStarts = 12;
  constexpr int kRounds = 30;
  const std::size_t dimensions = problem.usd_per_byte_per_s.size();
  double size = 0;  // the largest bound
  for (const BandwidthConstraint& constraint : problem.constraints) {
    size = std::max(size, std::abs(constraint.bound_bytes_per_s));
  }
  Random random(1);
  std::optional<IndependentDivision> best;
  for (int start = 0; start < kStarts; ++start) {
    std::vector<double> bandwidth(dimensions, size / static_cast<double>(dimensions));
    if (start > 0) {
      for (double& each : bandwidth) each *= std::exp(-4 * random.uniform());
    }
    bandwidth = nearest_feasible(problem.constraints, bandwidth).value_or(bandwidth);
    for (int round = 0; round < kRounds; ++round) {
      const double before = objective_at(problem, bandwidth);
      bandwidth = Run(problem, bandwidth, best).end();
      if (std::abs(objective_at(problem, bandwidth) - before) <= 1e-14 * before) break;
    }
  }
  return best;
}

}  // namespace sextant
