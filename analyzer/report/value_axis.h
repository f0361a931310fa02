#pragma once

#include <string>
#include <vector>

namespace sextant {

/// A linear axis from zero whose ticks stand at round numbers.
struct ValueAxis {
  double step = 1;  ///< 1, 2, 2.5 or 5 times a power of ten
  int steps = 1;    ///< the axis ends at steps * step

  double end() const { return step * steps; }
  /// "0", "0.05", "0.10", …: equally many decimals on every tick, thousands grouped.
  std::vector<std::string> tick_labels() const;
};

/// The axis of the fewest steps, at most `max_steps`, that reaches `largest` (finite, >= 0).
ValueAxis round_axis(double largest, int max_steps = 6);

/// Round ticks that hold all values: from zero, or where the least is more than `near` times the
/// most, from the tick below it.
class SpanAxis {
 public:
  SpanAxis() = default;
  SpanAxis(double least, double most, int max_steps = 6, double near = 0.5);

  int steps() const { return from_zero_.steps - first_; }
  /// Where a value lies: 0 at the axis' beginning, 1 at its end.
  double part(double value) const { return (value / from_zero_.step - first_) / steps(); }
  std::vector<std::string> tick_labels() const;

 private:
  int first_ = 0;  ///< ticks before the axis begins
  ValueAxis from_zero_;
};

}  // namespace sextant
