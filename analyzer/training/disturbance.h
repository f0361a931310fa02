#pragma once

#include <cstdint>
#include <vector>

namespace sextant {

/// What makes ranks of an iteration unequal beyond their profiles.
struct Disturbance {
  /// A stage replica whose computations take `factor` times as long.
  struct Slow {
    int pipeline = 0;
    int stage = 0;
    int replica = 0;
    double factor = 1;
    bool operator==(const Slow&) const = default;
  };
  std::vector<Slow> slow;
  /// Every computation takes exp(noise * z) times as long, z drawn from the normal distribution;
  /// 0 = none.
  double noise = 0;
  std::uint64_t seed = 1;

  bool operator==(const Disturbance&) const = default;
};

}  // namespace sextant
