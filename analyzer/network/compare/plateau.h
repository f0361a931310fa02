#pragma once

#include <cstddef>
#include <string_view>

#include "analyzer/network/bandwidth_document.h"

namespace sextant {

/// The bandwidth of large messages. Of the sizes within a factor of 16 of the largest, those whose
/// bus bandwidth is within 10 % of the best of them; the value is their median.
struct Plateau {
  enum class Shape {
    kFlat,
    kRising,   ///< only the largest size is that good: larger messages would show more
    kFalling,  ///< the largest size is not among them
  };

  double bytes_per_s = 0;  ///< bus bandwidth
  double from_bytes = 0;
  double to_bytes = 0;
  std::size_t points = 0;
  Shape shape = Shape::kFlat;
};
/// "flat", "rising", "falling".
std::string_view to_string(Plateau::Shape shape);

/// Of a sweep that has points.
Plateau plateau_of(const Sweep& sweep);

}  // namespace sextant
