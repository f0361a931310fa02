#include "planner/topology/weighted_program.h"

#include <Eigen/Dense>
#include <algorithm>
#include <array>
#include <cmath>

namespace sextant {

namespace {

using Eigen::Index;
using Vector = Eigen::VectorXd;
using Matrix = Eigen::MatrixXd;

Index index(std::size_t i) {
  return static_cast<Index>(i);
}
std::size_t number(Index i) {
  return static_cast<std::size_t>(i);
}

constexpr int kMostIterations = 300;
constexpr double kTolerance = 1e-13;
/// From here on, steps without progress mean that rounding has stopped it.
constexpr double kGoodEnough = 1e-8;
/// What is still told apart from no solution; how good it is, the caller's certificate says.
constexpr double kAcceptable = 1e-5;
constexpr int kPatience = 10;
/// What part of the complementarity each step aims at; where the first does not get there, the
/// second may.
constexpr std::array kCentring = {0.1, 0.3};
/// After a step of nearly all of Newton's the next one aims at this part of that.
constexpr double kLong = 0.9;
constexpr double kBold = 0.1;
constexpr double kShortOfTheBoundary = 0.995;
constexpr double kShortened = 0.7;
/// Of the slack that a need's tangent promises, what its curvature must leave.
constexpr double kKeptSlack = 0.3;
/// The least product of slack and multiplier over their mean.
constexpr double kCentral = 1e-3;
constexpr double kShortest = 1e-12;
/// A multiplier so many times its slack makes a row tight.
constexpr double kTight = 1e4;
/// Keeps directions that change nothing from moving; it adds nothing at the solution.
constexpr double kProximal = 1e-12;

/// Variables are x, t, e, in this order; inequalities the needs, the terms, the rows at_most and
/// x >= 0, each with a slack > 0 and a multiplier > 0.
class InteriorPoint {
 public:
  InteriorPoint(const WeightedProgram& program, double centring)
      : program_(program),
        centring_(centring),
        dimensions_(index(program.price.size())),
        communicators_(index(program.communicator_weight.size())),
        variables_(dimensions_ + communicators_ + index(program.maximum_weight.size())),
        needs_(index(program.needs.size())),
        equalities_(index(program.equal.size())),
        gradient_(variables_) {
    gradient_ << vector(program.price), vector(program.communicator_weight),
        vector(program.maximum_weight);
    lay_out_rows();
    start();
  }

  std::optional<WeightedSolution> run() {
    double least = INFINITY;
    int without_progress = 0;
    for (int i = 0; i < kMostIterations && without_progress < kPatience; ++i) {
      evaluate();
      const double error = std::max(complementarity(), dual_residual_.cwiseAbs().maxCoeff());
      if (!std::isfinite(error)) break;
      ++without_progress;
      if (error < least) {
        if (error < 0.9 * least) without_progress = 0;
        least = error;
        if (error < kAcceptable) best_ = solution();
      }
      if (error < kTolerance) break;
      if (least > kGoodEnough) without_progress = 0;
      step();
    }
    if (!(least < kAcceptable)) return std::nullopt;
    return std::move(best_);
  }

 private:
  static Eigen::Map<const Vector> vector(const std::vector<double>& values) {
    return {values.data(), index(values.size())};
  }
  Index variable_t(std::size_t k) const { return dimensions_ + index(k); }
  Index variable_e(std::size_t l) const { return dimensions_ + communicators_ + index(l); }

  void lay_out_rows() {
    for (Index d = 0; d < dimensions_; ++d) {
      if (!program_.is_free[number(d)]) positive_.push_back(d);
    }
    const std::size_t linear = program_.terms.size() + program_.at_most.size() + positive_.size();
    jacobian_ = Matrix::Zero(needs_ + index(linear), variables_);
    bound_ = Vector::Zero(jacobian_.rows());
    Index row = needs_;
    for (const WeightedProgram::Term& term : program_.terms) {
      jacobian_.row(row).segment(dimensions_, communicators_) = vector(term.weights);
      jacobian_(row, variable_e(term.maximum)) = -1;
      bound_[row++] = -term.constant;
    }
    for (const WeightedProgram::Row& limit : program_.at_most) {
      jacobian_.row(row).head(dimensions_) = vector(limit.coefficients);
      bound_[row++] = limit.bound;
    }
    for (const Index d : positive_) jacobian_(row++, d) = -1;
    for (Index i = 0; i < jacobian_.rows(); ++i) {
      std::vector<Index>& filled = filled_.emplace_back();
      if (i < needs_) {
        const WeightedProgram::Need& need = program_.needs[number(i)];
        filled = {index(need.dimension), variable_t(need.communicator)};
        continue;
      }
      for (Index v = 0; v < variables_; ++v) {
        if (jacobian_(i, v) != 0) filled.push_back(v);
      }
    }
    equal_ = Matrix::Zero(equalities_, variables_);
    equal_bound_ = Vector::Zero(equalities_);
    for (Index j = 0; j < equalities_; ++j) {
      equal_bound_[j] = program_.equal[number(j)].bound;
      equal_.row(j).head(dimensions_) = vector(program_.equal[number(j)].coefficients);
    }
  }

  /// Every t and e well above what it must be.
  void start() {
    point_ = Vector::Zero(variables_);
    point_.head(dimensions_) = vector(program_.start);
    for (const WeightedProgram::Need& need : program_.needs) {
      double& t = point_[variable_t(need.communicator)];
      t = std::max(t, 2 * need.share / point_[index(need.dimension)]);
    }
    for (const WeightedProgram::Term& term : program_.terms) {
      const double value =
          term.constant + vector(term.weights).dot(point_.segment(dimensions_, communicators_));
      double& e = point_[variable_e(term.maximum)];
      e = std::max(e, 2 * value + 1);
    }
    slack_ = bound_ - jacobian_ * point_;
    set_slack_of_needs();
    multiplier_ = slack_.cwiseInverse();
    equal_multiplier_ = Vector::Zero(equalities_);
  }

  double slack_of_need(Index i, const Vector& point) const {
    const WeightedProgram::Need& need = program_.needs[number(i)];
    return point[variable_t(need.communicator)] - need.share / point[index(need.dimension)];
  }
  void set_slack_of_needs() {
    for (Index i = 0; i < needs_; ++i) slack_[i] = slack_of_need(i, point_);
  }

  void evaluate() {
    curvature_ = Vector::Constant(variables_, kProximal);
    for (Index i = 0; i < needs_; ++i) {
      const WeightedProgram::Need& need = program_.needs[number(i)];
      const Index d = index(need.dimension);
      const double slope = need.share / (point_[d] * point_[d]);
      jacobian_(i, d) = -slope;
      jacobian_(i, variable_t(need.communicator)) = -1;
      curvature_[d] += 2 * multiplier_[i] * slope / point_[d];
    }
    dual_residual_ =
        gradient_ + jacobian_.transpose() * multiplier_ + equal_.transpose() * equal_multiplier_;
  }

  /// The mean of slack times multiplier.
  double complementarity() const {
    return slack_.dot(multiplier_) / static_cast<double>(slack_.size());
  }

  /// The largest part of `along` that leaves `from` >= 0, at most all of it.
  static double reach(const Vector& from, const Vector& along) {
    double length = 1;
    for (Index i = 0; i < from.size(); ++i) {
      if (along[i] < 0) length = std::min(length, -from[i] / along[i]);
    }
    return length;
  }

  /// Adds the sum over rows of ratio * row' row, of which few entries are not zero.
  void add_condensed(const Vector& ratio, Matrix& system) const {
    for (std::size_t i = 0; i < filled_.size(); ++i) {
      for (const Index a : filled_[i]) {
        const double scaled = ratio[index(i)] * jacobian_(index(i), a);
        for (const Index b : filled_[i]) system(a, b) += scaled * jacobian_(index(i), b);
      }
    }
  }

  /// Newton's step towards slack * multiplier = target in every row.
  void step() {
    const double mean = complementarity();
    // Slacks that are done long before stationarity is would leave it no room.
    const double residual = dual_residual_.cwiseAbs().maxCoeff();
    const double target = std::max((last_length_ > kLong ? kBold : 1) * centring_ * mean,
                                   std::min(mean, 0.01 * residual));
    const Vector ratio = multiplier_.cwiseQuotient(slack_);
    const Vector offset = target * slack_.cwiseInverse() - multiplier_;
    // d_multiplier = offset - ratio d_slack and d_slack = -J d_point. Rows with room are condensed
    // into those of the variables; tight ones, whose ratios would drown these, have rows of their
    // own.
    std::vector<Index> tight;
    Vector roomy = ratio;
    for (Index i = 0; i < ratio.size(); ++i) {
      if (ratio[i] <= kTight) continue;
      tight.push_back(i);
      roomy[i] = 0;
    }
    const Index own = variables_ + equalities_;
    const Index size = own + index(tight.size());
    Matrix system = Matrix::Zero(size, size);
    Vector right = Vector::Zero(size);
    add_condensed(roomy, system);
    system.diagonal().head(variables_) += curvature_;
    system.block(0, variables_, variables_, equalities_) = equal_.transpose();
    system.block(variables_, 0, equalities_, variables_) = equal_;
    right.head(variables_) = -dual_residual_ - jacobian_.transpose() * offset;
    right.segment(variables_, equalities_) = equal_bound_ - equal_ * point_;
    for (std::size_t j = 0; j < tight.size(); ++j) {
      const Index row = own + index(j);
      const Index i = tight[j];
      system.block(row, 0, 1, variables_) = jacobian_.row(i);
      system.block(0, row, variables_, 1) = jacobian_.row(i).transpose();
      system(row, row) = -1 / ratio[i];
    }
    const Vector newton = system.partialPivLu().solve(right);
    const Vector d_point = newton.head(variables_);
    Vector d_slack = -jacobian_ * d_point;
    for (std::size_t j = 0; j < tight.size(); ++j) {
      d_slack[tight[j]] = -newton[own + index(j)] / ratio[tight[j]];
    }
    const Vector d_multiplier = offset - ratio.cwiseProduct(d_slack);
    double length = std::min(reach(slack_, d_slack), reach(multiplier_, d_multiplier));
    length = std::min(1.0, kShortOfTheBoundary * length);
    const Vector point = point_;
    const Vector slack = slack_;
    const Vector multiplier = multiplier_;
    for (; length > kShortest; length *= kShortened) {
      point_ = point + length * d_point;
      slack_ = slack + length * d_slack;
      const Vector promised = slack_.head(needs_);
      set_slack_of_needs();
      multiplier_ = multiplier + length * d_multiplier;
      const bool curves_little =
          (slack_.head(needs_).array() >= kKeptSlack * promised.array()).all();
      if (curves_little && is_central()) break;
    }
    last_length_ = length;
    equal_multiplier_ += length * newton.segment(variables_, equalities_);
  }

  /// Whether no product of slack and multiplier has run ahead of the others.
  bool is_central() const {
    return slack_.cwiseProduct(multiplier_).minCoeff() >= kCentral * complementarity();
  }

  WeightedSolution solution() const {
    const double* multiplier = multiplier_.data();
    const auto next = [&](std::size_t count) {
      std::vector<double> some(multiplier, multiplier + count);
      multiplier += count;
      return some;
    };
    WeightedSolution out;
    out.x.assign(point_.data(), point_.data() + dimensions_);
    out.need = next(program_.needs.size());
    out.term = next(program_.terms.size());
    out.at_most = next(program_.at_most.size());
    out.equal.assign(equal_multiplier_.data(), equal_multiplier_.data() + equalities_);
    return out;
  }

  const WeightedProgram& program_;
  double centring_;
  double last_length_ = 0;  ///< of the last step, as a part of Newton's
  Index dimensions_, communicators_, variables_, needs_, equalities_;
  std::vector<Index> positive_;  ///< dimensions that are not free
  Vector gradient_, bound_, equal_bound_;
  Matrix jacobian_, equal_;
  std::vector<std::vector<Index>>
      filled_;  ///< by row of the Jacobian, the variables that are in it
  Vector point_, slack_, multiplier_, equal_multiplier_;
  Vector curvature_, dual_residual_;
  WeightedSolution best_;
};

}  // namespace

std::optional<WeightedSolution> solve(const WeightedProgram& program) {
  for (const double centring : kCentring) {
    if (auto solution = InteriorPoint(program, centring).run()) return solution;
  }
  return std::nullopt;
}

}  // namespace sextant
