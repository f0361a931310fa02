#include "analyzer/network/compare/robust_statistics.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace sextant {

namespace {

/// Continued fraction of the incomplete beta function (Abramowitz and Stegun 26.5.8), by Lentz's
/// method; converges fast for x < (a + 1) / (a + b + 2).
double beta_fraction(double a, double b, double x) {
  constexpr int kMostTerms = 500;
  constexpr double kTiny = 1e-300;
  constexpr double kEnough = 1e-14;
  const auto away_from_zero = [](double value) { return std::abs(value) < kTiny ? kTiny : value; };
  double c = 1;
  double d = 1 / away_from_zero(1 - (a + b) * x / (a + 1));
  double value = d;
  for (int m = 1; m <= kMostTerms; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away_from_zero(1 + even * d);
    c = away_from_zero(1 + even / c);
    value *= d * c;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away_from_zero(1 + odd * d);
    c = away_from_zero(1 + odd / c);
    value *= d * c;
    if (std::abs(d * c - 1) < kEnough) break;
  }
  return value;
}

/// The regularized incomplete beta function.
double incomplete_beta(double a, double b, double x) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const double front = std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) +
                                a * std::log(x) + b * std::log1p(-x));
  if (x < (a + 1) / (a + b + 2)) return front * beta_fraction(a, b, x) / a;
  return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

}  // namespace

double mad_scale(const std::vector<double>& values, double centre) {
  constexpr std::array<double, 10> kFactors = {1,     1,     1.196, 1.495, 1.363,
                                               1.206, 1.200, 1.140, 1.129, 1.107};
  constexpr double kNormal = 1.4826;
  std::vector<double> deviations;
  deviations.reserve(values.size());
  for (const double value : values) deviations.push_back(std::abs(value - centre));
  const auto n = static_cast<double>(values.size());
  const double factor = values.size() < kFactors.size() ? kFactors[values.size()] : n / (n - 0.8);
  return kNormal * factor * median_of(std::move(deviations));
}

double student_t_beyond(double tail, double degrees) {
  double low = 0;
  double high = 1;
  const auto beyond = [&](double t) {
    return incomplete_beta(degrees / 2, 0.5, degrees / (degrees + t * t)) / 2;
  };
  constexpr double kMost = 1e12;
  while (beyond(high) > tail && high < kMost) high *= 2;
  constexpr int kHalvings = 100;
  for (int i = 0; i < kHalvings; ++i) {
    const double middle = (low + high) / 2;
    (beyond(middle) > tail ? low : high) = middle;
  }
  return high;
}

double outlier_bound(std::size_t tests, std::size_t values) {
  constexpr double kFalseAlarms = 0.01;
  constexpr double kCustomary = 3.5;
  constexpr double kEfficiency = 0.37;
  const double degrees = std::max(1.0, kEfficiency * (static_cast<double>(values) - 1));
  const double tail = kFalseAlarms / static_cast<double>(tests);
  return std::max(kCustomary, student_t_beyond(tail, degrees));
}

std::pair<std::size_t, std::size_t> median_interval(std::size_t n) {
  constexpr double kOutside = 0.05;
  double probability = std::exp2(-static_cast<double>(n));  // that all lie on one side
  double below = probability;
  std::size_t rank = 0;
  if (2 * below > kOutside) return {0, 0};
  while (true) {
    probability *= static_cast<double>(n - rank) / static_cast<double>(rank + 1);
    if (2 * (below + probability) > kOutside) break;
    below += probability;
    ++rank;
  }
  return {rank, n - 1 - rank};
}

}  // namespace sextant
