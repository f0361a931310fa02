#pragma once

#include <cstdint>

// Host and device compute the same values.
#ifdef __CUDACC__
#define SEXTANT_HOST_DEVICE __host__ __device__
#else
#define SEXTANT_HOST_DEVICE
#endif

namespace sextant::bench {

/// What buffers hold, so that every element of every result is known exactly: small whole numbers,
/// whose sum over all ranks has no rounding in the element's type.
struct ValueRule {
  int group_size = 1;
  int round = 0;         ///< another one fills buffers with other values
  int modulus = 2;       ///< values are 0 … modulus - 1
  int contributors = 1;  ///< ranks from here on give 0, since the sum could not be exact

  /// `largest_exact`: up to which the type holds every whole number (int8 127, bf16 256, …).
  SEXTANT_HOST_DEVICE static ValueRule of(int group_size, int round, int largest_exact,
                                          bool is_reduction) {
    constexpr int kMost = 64;
    ValueRule rule;
    rule.group_size = group_size;
    rule.round = round;
    rule.contributors = group_size;
    rule.modulus = kMost;
    if (is_reduction) {
      if (rule.contributors > largest_exact) rule.contributors = largest_exact;
      const int fits = largest_exact / rule.contributors + 1;
      rule.modulus = fits < kMost ? fits : kMost;
    }
    return rule;
  }

  /// What rank `rank` gives at `index` of its input.
  SEXTANT_HOST_DEVICE int given(int rank, std::int64_t index) const {
    if (rank >= contributors) return 0;
    // A hash (the finalizer of Steele, Lea and Flood's SplitMix, OOPSLA 2014) and no polynomial:
    // with regular values a sum over ranks is the same everywhere, and blocks of a power of two
    // can be exchanged unseen.
    std::uint64_t x = static_cast<std::uint64_t>(index) * 0x9E3779B97F4A7C15U +
                      static_cast<std::uint64_t>(rank) * 0xC2B2AE3D27D4EB4FU +
                      static_cast<std::uint64_t>(round) * 0x165667B19E3779F9U;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9U;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBU;
    return static_cast<int>(((x >> 33) * static_cast<std::uint64_t>(modulus)) >> 31);
  }

  /// The sum over all ranks of what they give there.
  SEXTANT_HOST_DEVICE int sum(std::int64_t index) const {
    int total = 0;
    for (int rank = 0; rank < contributors; ++rank) total += given(rank, index);
    return total;
  }
};

/// What an operation's result on one rank must hold: blocks, each from one rank's input, or sums.
struct ResultRule {
  ValueRule values;
  bool sums = false;        ///< of all ranks' inputs
  std::int64_t block = 1;   ///< elements; of a result in one piece all of them
  int source = 0;           ///< rank that a block comes from; -1: block b comes from rank b
  std::int64_t offset = 0;  ///< index in the source's input of a block's first element

  SEXTANT_HOST_DEVICE int at(std::int64_t index) const {
    const std::int64_t in_source = offset + index % block;
    if (sums) return values.sum(in_source);
    return values.given(source >= 0 ? source : static_cast<int>(index / block), in_source);
  }
};

}  // namespace sextant::bench
