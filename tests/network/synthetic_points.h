#pragma once

#include <cmath>
#include <numbers>
#include <vector>

#include "analyzer/core/random.h"
#include "analyzer/network/fit/term_sum.h"

namespace sextant::testing {

/// Normal with mean 0 and deviation 1 (Box and Muller).
inline double normal(Random& random) {
  const double radius = std::sqrt(-2 * std::log(1 - random.uniform()));
  return radius * std::cos(2 * std::numbers::pi * random.uniform());
}

/// Times of `curve` at `count` sizes from 2^low to 2^high, evenly in the logarithm, with relative
/// noise.
template <class Curve>
std::vector<FitPoint> sampled(const Curve& curve, double low, double high, int count, double noise,
                              Random& random) {
  std::vector<FitPoint> points;
  for (int i = 0; i < count; ++i) {
    const double bytes = std::round(std::exp2(low + (high - low) * i / (count - 1)));
    points.push_back({bytes, curve(bytes) * std::exp(noise * normal(random))});
  }
  return points;
}

}  // namespace sextant::testing
