#include "analyzer/network/fit/robust.h"

#include <algorithm>
#include <cmath>

namespace sextant {

namespace {

/// Times are not known better than this part of themselves.
constexpr double kLeastScale = 1e-9;

}  // namespace

double robust_scale(std::span<const double> residuals, std::size_t parameters) {
  std::vector<double> sizes;
  for (const double residual : residuals) sizes.push_back(std::abs(residual));
  const auto count = static_cast<double>(residuals.size());
  const double freedom = std::max(1.0, count - static_cast<double>(parameters));
  return std::max(kLeastScale, 1.4826 * median_of(std::move(sizes)) * std::sqrt(count / freedom));
}

std::vector<double> huber_weights(std::span<const double> residuals, double scale) {
  std::vector<double> weights;
  for (const double residual : residuals) {
    const double size = std::abs(residual) / scale;
    weights.push_back(size <= kHuberBound ? 1 : kHuberBound / size);
  }
  return weights;
}

double residual_variance(std::span<const double> residuals, double scale, std::size_t parameters) {
  double squares = 0;
  double inside = 0;
  for (const double residual : residuals) {
    const double size = std::abs(residual) / scale;
    squares += std::pow(std::min(size, kHuberBound), 2);
    if (size <= kHuberBound) inside += 1;
  }
  const auto count = static_cast<double>(residuals.size());
  const double freedom = std::max(1.0, count - static_cast<double>(parameters));
  const double slope = inside / count;
  const double correction = 1 + static_cast<double>(parameters) / count * (1 - slope) / slope;
  return scale * scale * correction * correction * (squares / freedom) / (slope * slope);
}

}  // namespace sextant
