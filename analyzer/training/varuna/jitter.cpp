#include "analyzer/training/varuna/jitter.h"

#include <cmath>

namespace sextant::varuna {

namespace {

// minstd_rand0, Park and Miller's "minimal standard".
constexpr std::uint64_t kMultiplier = 16807;
constexpr std::uint64_t kModulus = 2147483647;

// Hard-coded in the published simulator, microseconds.
constexpr double kComputeDeviationUs = 2000;
constexpr double kNetworkDeviationUs = 10000;

}  // namespace

double Jitter::uniform() {
  // std::generate_canonical<double, 53> takes two numbers, the less significant one first.
  constexpr double kRange = static_cast<double>(kModulus) - 1;
  double sum = 0;
  double weight = 1;
  for (int i = 0; i < 2; ++i) {
    state_ = static_cast<std::uint32_t>(state_ * kMultiplier % kModulus);
    sum += static_cast<double>(state_ - 1) * weight;
    weight *= kRange;
  }
  const double value = sum / weight;
  return value < 1 ? value : std::nextafter(1.0, 0.0);
}

std::pair<double, double> Jitter::normals(double deviation) {
  double x = 0;
  double y = 0;
  double square = 0;
  do {
    x = 2 * uniform() - 1;
    y = 2 * uniform() - 1;
    square = x * x + y * y;
  } while (square > 1 || square == 0);
  const double factor = std::sqrt(-2 * std::log(square) / square);
  return {y * factor * deviation, x * factor * deviation};
}

int Jitter::compute_us() {
  // Every call has a distribution of its own, so that the second number is lost.
  return static_cast<int>(normals(kComputeDeviationUs).first);
}

int Jitter::network_us() {
  // Only within a call the second number stands in for a new draw.
  while (true) {
    const auto [first, second] = normals(kNetworkDeviationUs);
    if (first >= 0) return static_cast<int>(first);
    if (second >= 0) return static_cast<int>(second);
  }
}

GlibcRandom::GlibcRandom() {
  constexpr std::size_t kDiscarded = 310;  // 10 times the degree
  state_[0] = 1;
  for (std::size_t i = 1; i < kDegree; ++i) {
    state_[i] = static_cast<std::uint32_t>(kMultiplier * state_[i - 1] % kModulus);
  }
  // The first three sums take the number 31 before alone; the generator proper begins after them.
  oldest_ = 3;
  for (std::size_t i = 0; i < kDiscarded; ++i) next();
}

std::uint32_t GlibcRandom::next() {
  const std::size_t third_last = (oldest_ + kDegree - 3) % kDegree;
  std::uint32_t& slot = state_[oldest_];
  slot += state_[third_last];
  oldest_ = (oldest_ + 1) % kDegree;
  return slot >> 1;
}

}  // namespace sextant::varuna
