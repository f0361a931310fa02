#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace sextant {

/// The numbers of CPython's module `random` from an integer seed, version 2 (CPython 3.11,
/// Lib/random.py and Modules/_randommodule.c; MT19937 by Matsumoto and Nishimura). What published
/// tools drew is drawn again with it; our own randomness is Random (analyzer/core/random.h).
class PythonRandom {
 public:
  explicit PythonRandom(std::uint32_t seed);

  /// random(): uniform in [0, 1) with 53 bits.
  double random();
  /// uniform(low, high).
  double uniform(double low, double high) { return low + (high - low) * random(); }
  /// randint(low, high): both ends included.
  std::int64_t randint(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(high - low) + 1));
  }
  /// _randbelow(bound): uniform in [0, bound), bound > 0.
  std::uint64_t below(std::uint64_t bound);
  /// sample(range(population), count): indices.
  std::vector<std::size_t> sample(std::size_t population, std::size_t count);
  /// shuffle(items).
  template <typename T>
  void shuffle(std::vector<T>& items) {
    for (std::size_t i = items.size(); i-- > 1;) std::swap(items[i], items[below(i + 1)]);
  }

 private:
  static constexpr std::size_t kWords = 624;
  std::uint32_t next();
  std::uint64_t bits(int count);

  std::array<std::uint32_t, kWords> state_{};
  std::size_t position_ = kWords;
};

}  // namespace sextant
