#pragma once

// The random numbers of the published simulator, bit by bit, whatever the standard library.

#include <array>
#include <cstdint>
#include <utility>

namespace sextant::varuna {

/// What the simulator adds to every computation and every send, microseconds: normally distributed
/// numbers by Marsaglia's polar method from std::default_random_engine of libstdc++, which is
/// minstd_rand0 (x := 16807 x mod 2^31 - 1, from 1).
class Jitter {
 public:
  /// Added to a computation: standard deviation 2000 us, of either sign.
  int compute_us();
  /// Added to a send: standard deviation 10,000 us, drawn again until it is not negative.
  int network_us();

 private:
  double uniform();
  /// Two independent numbers, in the order in which the library gives them.
  std::pair<double, double> normals(double deviation);

  std::uint32_t state_ = 1;
};

/// random() of glibc as it is without a call of srandom(): the additive generator of degree 31,
/// seeded with 1.
class GlibcRandom {
 public:
  GlibcRandom();
  std::uint32_t next();

 private:
  static constexpr std::size_t kDegree = 31;
  std::array<std::uint32_t, kDegree> state_{};
  std::size_t oldest_ = 0;
};

}  // namespace sextant::varuna
