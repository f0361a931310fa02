#include "analyzer/core/quantile.h"

#include <algorithm>
#include <cmath>

namespace sextant {

double quantile_of_sorted(std::span<const double> sorted, double part) {
  const double position = part * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], position - static_cast<double>(below));
}

double quantile_of(std::vector<double> values, double part) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return quantile_of_sorted(values, part);
}

double median_of(std::vector<double> values) {
  return quantile_of(std::move(values), 0.5);
}

}  // namespace sextant
