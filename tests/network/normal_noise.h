#pragma once

#include <cmath>
#include <cstdint>

#include "analyzer/core/random.h"

namespace sextant {

/// Normal numbers of mean 0 and standard deviation 1 (Box and Muller).
class NormalNoise {
 public:
  explicit NormalNoise(std::uint64_t seed) : random_(seed) {}
  double operator()() {
    const double radius = std::sqrt(-2 * std::log(1 - random_.uniform()));
    return radius * std::cos(2 * M_PI * random_.uniform());
  }

 private:
  Random random_;
};

}  // namespace sextant
