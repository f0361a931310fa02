#include "cli/duration.h"

#include <charconv>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "analyzer/core/error.h"

namespace sextant::cli {

namespace {

/// Seconds of a unit; 0 where it is none.
double unit_s(char unit) {
  switch (unit) {
    case 'w':
      return 7 * 86400;
    case 'd':
      return 86400;
    case 'h':
      return 3600;
    case 'm':
      return 60;
    case 's':
      return 1;
    default:
      return 0;
  }
}

}  // namespace

double duration_s(std::string_view text, std::string_view option) {
  double sum = 0;
  double last_unit = std::numeric_limits<double>::infinity();
  bool valid = !text.empty();
  const char* at = text.data();
  const char* const end = at + text.size();
  while (valid && at != end) {
    double value = 0;
    // No exponents: in "1e3d" they would hide a typing error.
    const auto parsed = std::from_chars(at, end, value, std::chars_format::fixed);
    const bool bare = parsed.ptr == end && at == text.data();
    const double unit = bare ? 1 : parsed.ptr == end ? 0 : unit_s(*parsed.ptr);
    valid = parsed.ec == std::errc() && value >= 0 && unit > 0 && unit < last_unit;
    sum += value * unit;
    last_unit = unit;
    at = bare ? end : parsed.ptr + (parsed.ptr == end ? 0 : 1);
  }
  if (!valid || !(sum > 0) || !std::isfinite(sum)) {
    throw_usage(
        fmt::format("{} {}: expected a time such as 90m, 12h, 3d or 1d12h (a bare number is "
                    "seconds)",
                    option, quote(text)));
  }
  return sum;
}

}  // namespace sextant::cli
