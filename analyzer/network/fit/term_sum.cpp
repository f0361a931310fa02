#include "analyzer/network/fit/term_sum.h"

#include <Eigen/Dense>
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <ceres/tiny_solver.h>

#include "analyzer/core/error.h"

namespace sextant {

namespace {

constexpr std::size_t kMostTerms = 4;
constexpr double kDecline = 1.25;  // as in LinkModel
// Nearer to 0 or 1 the power is a constant or a line, which are terms of their own.
constexpr double kLeastExponent = 0.05;
constexpr double kMostExponent = 0.95;
constexpr std::array<double, 4> kExponents = {0.2, 0.4, 0.6, 0.8};

double weight(std::span<const double> weights, std::size_t i) {
  return weights.empty() ? 1.0 : weights[i];
}

double exponent_of(double theta) {
  return kLeastExponent + (kMostExponent - kLeastExponent) / (1 + std::exp(-theta));
}
double theta_of(double exponent) {
  const double part = (exponent - kLeastExponent) / (kMostExponent - kLeastExponent);
  return std::log(part / (1 - part));
}
double exponent_slope(double exponent) {
  return (exponent - kLeastExponent) * (kMostExponent - exponent) /
         (kMostExponent - kLeastExponent);
}

}  // namespace

/// ln(model / measured) as a function of the logarithms of the amplitudes that are not 0 and, last,
/// of the exponent's logit.
class TermSumResidual {
 public:
  TermSumResidual(const TermSum& sum, std::span<const FitPoint> points,
                  std::span<const double> weights, const TermSum::Solution& start)
      : sum_(sum), points_(points), solution_(start) {
    for (std::size_t i = 0; i < points.size(); ++i) {
      sizes_.push_back(sum.size_of(points[i].bytes));
      roots_.push_back(std::sqrt(weight(weights, i)));
    }
    for (std::size_t term = 0; term < start.amplitudes.size(); ++term) {
      if (start.amplitudes[term] > 0) active_.push_back(term);
    }
    free_exponent_ = sum.power_ && start.amplitudes[*sum.power_] > 0;
  }

  int residuals() const { return static_cast<int>(points_.size()); }
  int parameters() const { return static_cast<int>(active_.size()) + (free_exponent_ ? 1 : 0); }
  const std::vector<std::size_t>& active() const { return active_; }
  bool free_exponent() const { return free_exponent_; }

  void pack(double* parameters) const {
    for (const std::size_t term : active_) *parameters++ = std::log(solution_.amplitudes[term]);
    if (free_exponent_) *parameters = theta_of(solution_.exponent);
  }
  TermSum::Solution unpack(const double* parameters) const {
    TermSum::Solution out = solution_;
    for (const std::size_t term : active_) out.amplitudes[term] = std::exp(*parameters++);
    if (free_exponent_) out.exponent = exponent_of(*parameters);
    return out;
  }

  /// `jacobian` column-major, or null.
  void evaluate(const double* parameters, double* residuals, double* jacobian) const {
    std::array<double, kMostTerms> amplitudes{};
    for (std::size_t k = 0; k < active_.size(); ++k) amplitudes[k] = std::exp(parameters[k]);
    const double exponent =
        free_exponent_ ? exponent_of(parameters[active_.size()]) : solution_.exponent;
    const std::size_t count = points_.size();
    for (std::size_t i = 0; i < count; ++i) {
      std::array<double, kMostTerms> parts{};
      double time_s = 0;
      for (std::size_t k = 0; k < active_.size(); ++k) {
        parts[k] = amplitudes[k] * sum_.value(active_[k], exponent, sizes_[i]);
        time_s += parts[k];
      }
      // A step that leaves what doubles hold is a bad one; the solver knows it by its cost.
      const bool legal = time_s > 0 && std::isfinite(time_s);
      residuals[i] = legal ? roots_[i] * std::log(time_s / points_[i].time_s) : 1e6;
      if (jacobian == nullptr) continue;
      const double scale = roots_[i] / time_s;
      for (std::size_t k = 0; k < active_.size(); ++k) {
        jacobian[k * count + i] = parts[k] * scale;
        if (free_exponent_ && active_[k] == *sum_.power_) {
          jacobian[active_.size() * count + i] =
              parts[k] * scale * std::log(sizes_[i]) * exponent_slope(exponent);
        }
      }
    }
  }

 private:
  const TermSum& sum_;
  std::span<const FitPoint> points_;
  TermSum::Solution solution_;
  std::vector<double> sizes_;
  std::vector<double> roots_;
  std::vector<std::size_t> active_;
  bool free_exponent_ = false;
};

namespace {

/// Sum of amplitudes times columns = 1, in least squares.
class NormalEquations {
 public:
  explicit NormalEquations(std::size_t terms) : terms_(terms) {}

  void add(const std::array<double, kMostTerms>& row, double weight) {
    for (std::size_t k = 0; k < terms_; ++k) {
      right_[k] += weight * row[k];
      for (std::size_t l = 0; l < terms_; ++l) matrix_[k][l] += weight * row[k] * row[l];
    }
  }

  /// With the amplitudes outside `set` (bits) 0: the cost less a constant; nothing where an
  /// amplitude is not positive or the columns do not differ. By Cholesky's factors of the matrix
  /// scaled to ones on its diagonal.
  std::optional<double> solve(unsigned set, std::array<double, kMostTerms>& amplitudes) const {
    std::array<std::size_t, kMostTerms> chosen{};
    std::array<double, kMostTerms> norm{};
    std::size_t count = 0;
    for (std::size_t k = 0; k < terms_; ++k) {
      if ((set >> k & 1U) == 0) continue;
      norm[count] = std::sqrt(matrix_[k][k]);
      if (!(norm[count] > 0)) return std::nullopt;
      chosen[count++] = k;
    }
    std::array<std::array<double, kMostTerms>, kMostTerms> factor{};
    std::array<double, kMostTerms> x{};
    double cost = 0;
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t j = 0; j <= i; ++j) {
        double sum = matrix_[chosen[i]][chosen[j]] / (norm[i] * norm[j]);
        for (std::size_t k = 0; k < j; ++k) sum -= factor[i][k] * factor[j][k];
        if (i == j && !(sum > kLeastPivot)) return std::nullopt;
        factor[i][j] = i == j ? std::sqrt(sum) : sum / factor[j][j];
      }
      x[i] = right_[chosen[i]] / norm[i];
      for (std::size_t k = 0; k < i; ++k) x[i] -= factor[i][k] * x[k];
      x[i] /= factor[i][i];
      cost -= x[i] * x[i];
    }
    for (std::size_t i = count; i-- > 0;) {
      for (std::size_t k = i + 1; k < count; ++k) x[i] -= factor[k][i] * x[k];
      x[i] /= factor[i][i];
      if (!(x[i] > 0) || !std::isfinite(x[i])) return std::nullopt;
      amplitudes[chosen[i]] = x[i] / norm[i];
    }
    return cost;
  }

 private:
  static constexpr double kLeastPivot = 1e-12;  // below it is rounding
  std::size_t terms_;
  std::array<std::array<double, kMostTerms>, kMostTerms> matrix_{};
  std::array<double, kMostTerms> right_{};
};

/// What ceres::TinySolver asks of a function with N parameters.
template <int N>
struct TinyFunction {
  using Scalar = double;
  enum { NUM_RESIDUALS = Eigen::Dynamic, NUM_PARAMETERS = N };
  const TermSumResidual& residual;

  int NumResiduals() const { return residual.residuals(); }
  bool operator()(const double* parameters, double* residuals, double* jacobian) const {
    residual.evaluate(parameters, residuals, jacobian);
    return true;
  }
};

template <int N>
TermSum::Solution solve(const TermSumResidual& residual) {
  Eigen::Matrix<double, N, 1> parameters;
  residual.pack(parameters.data());
  const TinyFunction<N> function{residual};
  ceres::TinySolver<TinyFunction<N>> solver;
  solver.options.max_num_iterations = 40;
  solver.options.function_tolerance = 1e-13;  // of the cost itself: residuals of 1e-6 still count
  solver.Solve(function, &parameters);
  return residual.unpack(parameters.data());
}

}  // namespace

TermSum::TermSum(std::vector<Term> terms, double origin_bytes, double unit_bytes)
    : terms_(std::move(terms)), origin_bytes_(origin_bytes), unit_bytes_(unit_bytes) {
  const auto power = std::find(terms_.begin(), terms_.end(), Term::kPower);
  if (power != terms_.end()) power_ = static_cast<std::size_t>(power - terms_.begin());
  if (terms_.size() > kMostTerms) throw Error(ErrorCode::kInternal, "too many terms in a sum");
}

double TermSum::value(std::size_t term, double exponent, double size) const {
  switch (terms_[term]) {
    case Term::kConstant:
      return 1;
    case Term::kLinear:
      return size;
    case Term::kPower:
      return std::pow(size, exponent);
    case Term::kDecline:
      return std::pow(size, kDecline);
  }
  throw Error(ErrorCode::kInternal, "a term of no kind");
}

double TermSum::seconds(const Solution& solution, double bytes) const {
  double sum = 0;
  const double size = size_of(bytes);
  for (std::size_t term = 0; term < terms_.size(); ++term) {
    const double amplitude = solution.amplitudes[term];
    if (amplitude > 0) sum += amplitude * value(term, solution.exponent, size);
  }
  return sum;
}

TermSum::Solution TermSum::linear_fit(std::span<const FitPoint> points,
                                      std::span<const double> weights) const {
  const std::size_t terms = terms_.size();
  Solution best;
  double best_cost = std::numeric_limits<double>::infinity();
  const std::size_t tries = power_ ? kExponents.size() : 1;
  for (std::size_t attempt = 0; attempt < tries; ++attempt) {
    const double exponent = power_ ? kExponents[attempt] : 0.5;
    NormalEquations equations(terms);
    for (std::size_t i = 0; i < points.size(); ++i) {
      const double size = size_of(points[i].bytes);
      std::array<double, kMostTerms> row{};
      for (std::size_t k = 0; k < terms; ++k) row[k] = value(k, exponent, size) / points[i].time_s;
      equations.add(row, weight(weights, i));
    }
    // Every set of terms that are not 0: the best with positive amplitudes is the constrained
    // optimum, and four terms have 15 sets.
    for (unsigned set = 1; set < (1U << terms); ++set) {
      std::array<double, kMostTerms> amplitudes{};
      const std::optional<double> cost = equations.solve(set, amplitudes);
      if (!cost || !(*cost < best_cost)) continue;
      best_cost = *cost;
      best.exponent = exponent;
      best.amplitudes.assign(amplitudes.begin(),
                             amplitudes.begin() + static_cast<std::ptrdiff_t>(terms));
    }
  }
  if (best.amplitudes.empty()) throw Error(ErrorCode::kInternal, "no positive sum of terms");
  return best;
}

TermSum::Solution TermSum::refine(std::span<const FitPoint> points, std::span<const double> weights,
                                  const Solution& start) const {
  const TermSumResidual residual(*this, points, weights, start);
  switch (residual.parameters()) {
    case 1:
      return solve<1>(residual);
    case 2:
      return solve<2>(residual);
    case 3:
      return solve<3>(residual);
    case 4:
      return solve<4>(residual);
    case 5:
      return solve<5>(residual);
    default:
      throw Error(ErrorCode::kInternal, "a sum of no terms");
  }
}

TermSum::Covariance TermSum::covariance(std::span<const FitPoint> points,
                                        const Solution& solution) const {
  const TermSumResidual residual(*this, points, {}, solution);
  const Eigen::Index rows = residual.residuals();
  std::vector<double> parameters(static_cast<std::size_t>(residual.parameters()));
  residual.pack(parameters.data());
  Eigen::VectorXd values(rows);
  Eigen::MatrixXd jacobian = Eigen::MatrixXd::Zero(rows, residual.parameters());
  residual.evaluate(parameters.data(), values.data(), jacobian.data());

  // From the logarithms to the parameters themselves. A term that is nowhere more than a
  // thousandth of the time, or an exponent at its bound, is not determined.
  constexpr double kLeastPart = 1e-3;
  constexpr double kNearBound = 1e-3;
  std::vector<Eigen::Index> columns;
  std::vector<std::size_t> places;
  std::vector<double> slopes;
  for (std::size_t k = 0; k < residual.active().size(); ++k) {
    const auto column = static_cast<Eigen::Index>(k);
    if (jacobian.col(column).maxCoeff() < kLeastPart) continue;
    columns.push_back(column);
    places.push_back(residual.active()[k]);
    slopes.push_back(solution.amplitudes[residual.active()[k]]);
  }
  if (residual.free_exponent() && solution.exponent > kLeastExponent + kNearBound &&
      solution.exponent < kMostExponent - kNearBound) {
    columns.push_back(static_cast<Eigen::Index>(residual.active().size()));
    places.push_back(terms_.size());
    slopes.push_back(exponent_slope(solution.exponent));
  }
  Covariance out;
  out.size = this->parameters();
  out.matrix.assign(out.size * out.size, 0);
  out.determined.assign(out.size, false);
  const auto free = static_cast<Eigen::Index>(columns.size());
  if (free == 0 || free > rows) return out;
  Eigen::MatrixXd part(rows, free);
  for (Eigen::Index k = 0; k < free; ++k) {
    part.col(k) = jacobian.col(columns[static_cast<std::size_t>(k)]);
  }
  const Eigen::ColPivHouseholderQR<Eigen::MatrixXd> qr(part);
  if (qr.rank() < free) return out;
  const Eigen::MatrixXd inverse = (part.transpose() * part).inverse();
  for (std::size_t k = 0; k < places.size(); ++k) {
    out.determined[places[k]] = true;
    for (std::size_t l = 0; l < places.size(); ++l) {
      out.matrix[places[k] * out.size + places[l]] =
          inverse(static_cast<Eigen::Index>(k), static_cast<Eigen::Index>(l)) * slopes[k] *
          slopes[l];
    }
  }
  return out;
}

}  // namespace sextant
