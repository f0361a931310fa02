#pragma once

#include <string>
#include <string_view>

namespace sextant {

/// A logarithmic axis of whole decades.
struct LogAxis {
  int low = 0;   ///< powers of ten
  int high = 1;  ///< > low

  /// Where a value > 0 lies: 0 at the axis' beginning, 1 at its end.
  double part(double value) const;
  /// Decades between two labels, so that there are at most `most` steps.
  int step(int most) const { return (high - low + most - 1) / most; }
};

/// The fewest decades, at least one, that hold least … most, both > 0 and finite.
LogAxis log_axis(double least, double most);

/// 10^decade with an SI prefix before the unit: "1 kB", "100 GFLOP/s", "10 µs"; without a unit the
/// plain number.
std::string decade_label(int decade, std::string_view unit);

}  // namespace sextant
