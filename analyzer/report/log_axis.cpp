#include "analyzer/report/log_axis.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

namespace sextant {

double LogAxis::part(double value) const {
  return (std::log10(value) - low) / (high - low);
}

LogAxis log_axis(double least, double most) {
  // A value that is a power of ten but for rounding does not need one more decade.
  constexpr double kRounding = 1e-9;
  LogAxis axis;
  axis.low = static_cast<int>(std::floor(std::log10(least) + kRounding));
  axis.high = std::max(axis.low + 1, static_cast<int>(std::ceil(std::log10(most) - kRounding)));
  return axis;
}

std::string decade_label(int decade, std::string_view unit) {
  if (unit.empty()) return fmt::format("{:g}", std::pow(10.0, decade));
  static constexpr std::array<std::string_view, 10> kPrefixes = {"n", "µ", "m", "",  "k",
                                                                 "M", "G", "T", "P", "E"};
  constexpr int kLeast = -9;
  const int prefix = std::clamp((decade - kLeast) / 3, 0, static_cast<int>(kPrefixes.size()) - 1);
  return fmt::format("{:g} {}{}", std::pow(10.0, decade - kLeast - 3 * prefix),
                     kPrefixes[static_cast<std::size_t>(prefix)], unit);
}

}  // namespace sextant
