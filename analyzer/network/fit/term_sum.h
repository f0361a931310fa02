#pragma once

#include <optional>
#include <span>
#include <vector>

namespace sextant {

/// A measured size: how long a message of so many bytes took.
struct FitPoint {
  double bytes = 0;
  double time_s = 0;
};

/// A sum of up to four positive terms, each an amplitude times a known function of the size, whose
/// logarithm is fitted to that of measured times: a 1 KiB and a 1 GiB message count alike.
class TermSum {
 public:
  enum class Term { kConstant, kLinear, kPower, kDecline };

  /// Terms over (bytes - origin_bytes) / unit_bytes: 1, the same, its power with an exponent that
  /// is fitted too, and its power 5/4.
  TermSum(std::vector<Term> terms, double origin_bytes, double unit_bytes);

  struct Solution {
    std::vector<double> amplitudes;  ///< seconds, >= 0, one a term
    double exponent = 0.5;           ///< of kPower, within (0.05, 0.95)
  };
  /// Best in relative least squares, with exponents from a grid: closed form, and a start for
  /// refine(). `weights` as many as points, or none for equal ones.
  Solution linear_fit(std::span<const FitPoint> points, std::span<const double> weights) const;
  /// From `start` to the least weighted squares of ln(model / measured), by Levenberg and
  /// Marquardt (ceres::TinySolver) with analytic derivatives. Amplitudes that are 0 stay so.
  Solution refine(std::span<const FitPoint> points, std::span<const double> weights,
                  const Solution& start) const;

  double seconds(const Solution& solution, double bytes) const;

  /// Of amplitudes, then of the exponent where there is a kPower: rows and columns of those that
  /// rest on a bound are absent, and `determined` is false. (JᵀWJ)^-1 in natural units, to be
  /// multiplied by the variance of the residuals.
  struct Covariance {
    std::vector<double> matrix;  ///< row-major, of all parameters; 0 where not determined
    std::vector<bool> determined;
    std::size_t size = 0;
    double at(std::size_t row, std::size_t column) const { return matrix[row * size + column]; }
  };
  Covariance covariance(std::span<const FitPoint> points, const Solution& solution) const;

  std::size_t parameters() const { return terms_.size() + (power_ ? 1 : 0); }
  const std::vector<Term>& terms() const { return terms_; }

 private:
  friend class TermSumResidual;
  double value(std::size_t term, double exponent, double size) const;
  double size_of(double bytes) const { return (bytes - origin_bytes_) / unit_bytes_; }

  std::vector<Term> terms_;
  std::optional<std::size_t> power_;  ///< index of kPower
  double origin_bytes_;
  double unit_bytes_;
};

}  // namespace sextant
