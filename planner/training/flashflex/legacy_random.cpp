#include "planner/training/flashflex/legacy_random.h"

#include <algorithm>
#include <cmath>

namespace sextant::flashflex {

double LegacyRandom::uniform() {
  constexpr double kLowSpan = 67108864.0;            // 2^26
  constexpr double kWholeSpan = 9007199254740992.0;  // 2^53
  const auto high = static_cast<double>(bits_() >> 5U);
  const auto low = static_cast<double>(bits_() >> 6U);
  return (high * kLowSpan + low) / kWholeSpan;
}

int LegacyRandom::binomial(int trials, double p) {
  const double q = 1 - p;
  const double none = std::exp(trials * std::log(q));
  const double mean = trials * p;
  const auto bound = static_cast<int>(
      std::min(static_cast<double>(trials), mean + 10.0 * std::sqrt(mean * q + 1)));
  int successes = 0;
  double density = none;
  double left = uniform();
  while (left > density) {
    ++successes;
    if (successes > bound) {
      successes = 0;
      density = none;
      left = uniform();
    } else {
      left -= density;
      density = ((trials - successes + 1) * p * density) / (successes * q);
    }
  }
  return successes;
}

}  // namespace sextant::flashflex
