#include "planner/topology/weighted_program.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

namespace sextant {

namespace {

using Eigen::Index;
using Vector = Eigen::VectorXd;
using Matrix = Eigen::MatrixXd;

Index index(std::size_t i) {
  return static_cast<Index>(i);
}

constexpr int kMostIterations = 100;
constexpr double kTolerance = 1e-13;
/// Beyond it the last digits are lost to rounding, which is no failure.
constexpr double kGoodEnough = 1e-9;
/// What is left where multipliers are not unique, as of constraints that bind twice.
constexpr double kAcceptable = 1e-8;
constexpr double kShortOfTheBoundary = 0.995;

/// Variables are x (D), t (K), e (L), in this order; inequality rows are the needs, the terms, the
/// rows at_most and x >= 0.
class InteriorPoint {
 public:
  explicit InteriorPoint(const WeightedProgram& program)
      : program_(program),
        dimensions_(index(program.dimensions)),
        communicators_(index(program.communicator_weight.size())),
        variables_(dimensions_ + communicators_ + index(program.maximum_weight.size())),
        needs_(index(program.needs.size())),
        inequalities_(needs_ + index(program.terms.size() + program.at_most.size()) + dimensions_),
        equalities_(index(program.equal.size())) {
    gradient_ = Vector::Zero(variables_);
    for (Index d = 0; d < dimensions_; ++d) gradient_[d] = program.price[std::size_t(d)];
    for (Index k = 0; k < communicators_; ++k) {
      gradient_[dimensions_ + k] = program.communicator_weight[std::size_t(k)];
    }
    for (std::size_t l = 0; l < program.maximum_weight.size(); ++l) {
      gradient_[dimensions_ + communicators_ + index(l)] = program.maximum_weight[l];
    }
    lay_out_constant_rows();
    start();
  }

  WeightedSolution run() {
    bool converged = false;
    double best = 1e300;
    for (int i = 0; i < kMostIterations && !converged; ++i) {
      evaluate();
      const double error = std::max(complementarity(), residual());
      converged = error < kTolerance;
      if (converged || !std::isfinite(error)) break;
      if (error < best) {
        best = error;
        best_ = {point_, slack_, multiplier_, equal_multiplier_};
      } else if (best < kGoodEnough) {
        break;
      }
      step();
    }
    if (!converged && best < kAcceptable) {
      std::tie(point_, slack_, multiplier_, equal_multiplier_) = best_;
      converged = true;
    }
    return solution(converged);
  }

 private:
  Index variable_t(std::size_t k) const { return dimensions_ + index(k); }
  Index variable_e(std::size_t l) const { return dimensions_ + communicators_ + index(l); }

  void lay_out_constant_rows() {
    jacobian_ = Matrix::Zero(inequalities_, variables_);
    bound_ = Vector::Zero(inequalities_);
    Index row = needs_;
    for (const WeightedProgram::Term& term : program_.terms) {
      for (std::size_t k = 0; k < term.weights.size(); ++k) {
        jacobian_(row, variable_t(k)) = term.weights[k];
      }
      jacobian_(row, variable_e(term.maximum)) = -1;
      bound_[row++] = -term.constant;
    }
    for (const WeightedProgram::Row& limit : program_.at_most) {
      for (Index d = 0; d < dimensions_; ++d)
        jacobian_(row, d) = limit.coefficients[std::size_t(d)];
      bound_[row++] = limit.bound;
    }
    for (Index d = 0; d < dimensions_; ++d) jacobian_(row++, d) = -1;
    equal_rows_ = Matrix::Zero(equalities_, variables_);
    equal_bound_ = Vector::Zero(equalities_);
    for (Index j = 0; j < equalities_; ++j) {
      const WeightedProgram::Row& equal = program_.equal[std::size_t(j)];
      for (Index d = 0; d < dimensions_; ++d)
        equal_rows_(j, d) = equal.coefficients[std::size_t(d)];
      equal_bound_[j] = equal.bound;
    }
  }

  void start() {
    point_ = Vector::Ones(variables_);
    point_.head(dimensions_).setConstant(1 / double(dimensions_));
    for (const WeightedProgram::Need& need : program_.needs) {
      double& t = point_[variable_t(need.communicator)];
      t = std::max(t, 2 * need.share * double(dimensions_));
    }
    for (const WeightedProgram::Term& term : program_.terms) {
      double value = term.constant;
      for (std::size_t k = 0; k < term.weights.size(); ++k) {
        value += term.weights[k] * point_[variable_t(k)];
      }
      double& e = point_[variable_e(term.maximum)];
      e = std::max(e, 2 * value);
    }
    slack_ = Vector::Zero(inequalities_);
    multiplier_ = Vector::Ones(inequalities_);
    equal_multiplier_ = Vector::Zero(equalities_);
    value_needs();
    slack_ = (-value_).cwiseMax(0.1);
    multiplier_ = (0.1 / slack_.array()).matrix();
  }

  /// value_ = what is to be <= 0.
  void value_needs() {
    value_ = jacobian_ * point_ - bound_;
    for (Index i = 0; i < needs_; ++i) {
      const WeightedProgram::Need& need = program_.needs[std::size_t(i)];
      value_[i] = std::log(need.share) - std::log(point_[index(need.dimension)]) -
                  std::log(point_[variable_t(need.communicator)]);
    }
  }

  void evaluate() {
    for (Index i = 0; i < needs_; ++i) {
      const WeightedProgram::Need& need = program_.needs[std::size_t(i)];
      jacobian_(i, index(need.dimension)) = 0;
      jacobian_(i, variable_t(need.communicator)) = 0;
    }
    value_needs();
    curvature_ = Vector::Zero(variables_);
    for (Index i = 0; i < needs_; ++i) {
      const WeightedProgram::Need& need = program_.needs[std::size_t(i)];
      for (const Index v : {index(need.dimension), variable_t(need.communicator)}) {
        jacobian_(i, v) = -1 / point_[v];
        curvature_[v] += multiplier_[i] / (point_[v] * point_[v]);
      }
    }
    dual_residual_ = gradient_ + jacobian_.transpose() * multiplier_ +
                     equal_rows_.transpose() * equal_multiplier_;
    primal_residual_ = value_ + slack_;
    equal_residual_ = equal_rows_ * point_ - equal_bound_;
  }

  double complementarity() const { return slack_.dot(multiplier_) / double(inequalities_); }

  double residual() const {
    double worst = dual_residual_.cwiseAbs().maxCoeff();
    worst = std::max(worst, primal_residual_.cwiseAbs().maxCoeff());
    if (equalities_ > 0) worst = std::max(worst, equal_residual_.cwiseAbs().maxCoeff());
    return worst;
  }

  struct Direction {
    Vector point, slack, multiplier, equal;
  };

  /// The Newton step towards slack * multiplier = `complement`.
  Direction direction(const Vector& complement) const {
    const Vector ratio = multiplier_.cwiseQuotient(slack_);
    // d multiplier = ratio (J dx + r_p) - (slack * multiplier - complement) / slack
    const Vector offset =
        ratio.cwiseProduct(primal_residual_) - multiplier_ + complement.cwiseQuotient(slack_);
    Vector right(variables_ + equalities_);
    right.head(variables_) = -dual_residual_ - jacobian_.transpose() * offset;
    right.tail(equalities_) = -equal_residual_;
    const Vector solved = factors_.solve(right);
    Direction d;
    d.point = solved.head(variables_);
    d.equal = solved.tail(equalities_);
    d.slack = -primal_residual_ - jacobian_ * d.point;
    d.multiplier = ratio.cwiseProduct(jacobian_ * d.point) + offset;
    return d;
  }

  static double longest(const Vector& from, const Vector& along) {
    double step = 1;
    for (Index i = 0; i < from.size(); ++i) {
      if (along[i] < 0) step = std::min(step, -from[i] / along[i]);
    }
    return step;
  }

  void step() {
    const Vector ratio = multiplier_.cwiseQuotient(slack_);
    Matrix system = Matrix::Zero(variables_ + equalities_, variables_ + equalities_);
    system.topLeftCorner(variables_, variables_) =
        jacobian_.transpose() * ratio.asDiagonal() * jacobian_;
    system.diagonal().head(variables_) += curvature_;
    system.topRightCorner(variables_, equalities_) = equal_rows_.transpose();
    system.bottomLeftCorner(equalities_, variables_) = equal_rows_;
    factors_.compute(system);

    const double mean = complementarity();
    const Direction aim = direction(Vector::Zero(inequalities_));
    const double reach = std::min(longest(slack_, aim.slack), longest(multiplier_, aim.multiplier));
    const double aimed = (slack_ + reach * aim.slack).dot(multiplier_ + reach * aim.multiplier) /
                         double(inequalities_);
    const double centring = std::pow(aimed / mean, 3);
    // Slacks that are done long before the residuals are would leave these no room, and cost
    // digits.
    const double target =
        std::max({centring * mean, std::min(mean, 0.01 * residual()), 0.01 * kTolerance});
    const Vector complement =
        Vector::Constant(inequalities_, target) - aim.slack.cwiseProduct(aim.multiplier);
    const Direction d = direction(complement);
    double length = std::min(longest(slack_, d.slack), longest(multiplier_, d.multiplier));
    length = std::min(length, longest(point_, d.point));  // logarithms need them positive
    length = std::min(1.0, kShortOfTheBoundary * length);
    point_ += length * d.point;
    slack_ += length * d.slack;
    multiplier_ += length * d.multiplier;
    equal_multiplier_ += length * d.equal;
  }

  WeightedSolution solution(bool converged) const {
    WeightedSolution out;
    out.converged = converged;
    out.x.assign(point_.data(), point_.data() + dimensions_);
    Index row = 0;
    for (const WeightedProgram::Need& need : program_.needs) {
      // Of share / x <= t: the derivative of the logarithm by t.
      out.need.push_back(multiplier_[row++] / point_[variable_t(need.communicator)]);
    }
    for (std::size_t i = 0; i < program_.terms.size(); ++i) out.term.push_back(multiplier_[row++]);
    for (std::size_t i = 0; i < program_.at_most.size(); ++i) {
      out.at_most.push_back(multiplier_[row++]);
    }
    out.equal.assign(equal_multiplier_.data(), equal_multiplier_.data() + equalities_);
    return out;
  }

  const WeightedProgram& program_;
  Index dimensions_, communicators_, variables_, needs_, inequalities_, equalities_;
  Vector gradient_, bound_, equal_bound_;
  Matrix jacobian_, equal_rows_;
  Vector point_, slack_, multiplier_, equal_multiplier_;
  std::tuple<Vector, Vector, Vector, Vector> best_;
  Vector value_, curvature_, dual_residual_, primal_residual_, equal_residual_;
  Eigen::PartialPivLU<Matrix> factors_;
};

}  // namespace

WeightedSolution solve(const WeightedProgram& program) {
  return InteriorPoint(program).run();
}

}  // namespace sextant
