#pragma once

#include <cstdint>
#include <random>

namespace sextant::flashflex {

/// numpy.random.RandomState, number by number, as far as FlashFlex draws from it.
class LegacyRandom {
 public:
  /// The seed's low 32 bits count: numpy takes no larger.
  explicit LegacyRandom(std::uint64_t seed) : bits_(static_cast<std::uint32_t>(seed)) {}

  /// RandomState.binomial(trials, p): successes among so many. For 0 < p <= 0.5 and
  /// trials * p <= 30, where numpy inverts the distribution.
  int binomial(int trials, double p);

 private:
  /// RandomState.random_sample(): 53 bits in [0, 1).
  double uniform();

  std::mt19937 bits_;
};

}  // namespace sextant::flashflex
