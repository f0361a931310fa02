#include "analyzer/report/value_axis.h"

#include <cmath>

#include <fmt/format.h>

namespace sextant {

namespace {

/// "1234567.50" -> "1,234,567.50".
std::string group_thousands(std::string digits) {
  std::size_t end = digits.find('.');
  if (end == std::string::npos) end = digits.size();
  for (std::size_t i = end; i > 3; i -= 3) digits.insert(i - 3, ",");
  return digits;
}

}  // namespace

std::vector<std::string> ValueAxis::tick_labels() const {
  const bool readable = end() < 1e12 && step >= 1e-6;
  int decimals = 0;
  for (double scaled = step; decimals < 9 && std::abs(scaled - std::round(scaled)) > 1e-6;
       scaled *= 10) {
    ++decimals;
  }
  std::vector<std::string> labels;
  for (int i = 0; i <= steps; ++i) {
    const double value = step * i;
    labels.push_back(readable ? group_thousands(fmt::format("{:.{}f}", value, decimals))
                              : fmt::format("{:.3g}", value));
  }
  return labels;
}

ValueAxis round_axis(double largest, int max_steps) {
  if (largest <= 0) return {};
  const double power = std::pow(10.0, std::floor(std::log10(largest / max_steps)));
  for (const double factor : {1.0, 2.0, 2.5, 5.0, 10.0}) {
    const double step = factor * power;
    // A largest value that is a tick but for rounding does not need one more step.
    const int steps = static_cast<int>(std::ceil(largest / step * (1 - 1e-12)));
    if (steps <= max_steps) return {step, steps};
  }
  return {20 * power, static_cast<int>(std::ceil(largest / (20 * power)))};
}

SpanAxis::SpanAxis(double least, double most, int max_steps, double near)
    : from_zero_(round_axis(most, max_steps)) {
  // Values that differ in rounding alone would ask for more ticks than memory holds.
  constexpr double kSame = 1e-4;
  if (least <= near * most || most - least <= kSame * most) return;
  from_zero_.step = round_axis(most - least, max_steps).step;
  constexpr double kRounding = 1e-9;
  first_ = static_cast<int>(std::floor(least / from_zero_.step * (1 + kRounding)));
  from_zero_.steps = static_cast<int>(std::ceil(most / from_zero_.step * (1 - kRounding)));
}

std::vector<std::string> SpanAxis::tick_labels() const {
  const std::vector<std::string> all = from_zero_.tick_labels();
  return {all.begin() + first_, all.end()};
}

}  // namespace sextant
