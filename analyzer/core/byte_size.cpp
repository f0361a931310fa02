#include "analyzer/core/byte_size.h"

#include <charconv>
#include <cmath>
#include <map>
#include <string_view>

#include <fmt/format.h>

#include "analyzer/core/error.h"

namespace sextant {

double byte_size(const std::string& option, const std::string& text) {
  static const std::map<std::string_view, double> units = {
      {"", 1},      {"B", 1},        {"kB", 1e3},     {"KB", 1e3},     {"MB", 1e6},     {"GB", 1e9},
      {"TB", 1e12}, {"KiB", 0x1p10}, {"MiB", 0x1p20}, {"GiB", 0x1p30}, {"TiB", 0x1p40},
  };
  double value = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  std::string_view unit(parsed.ptr, static_cast<std::size_t>(end - parsed.ptr));
  if (unit.starts_with(' ')) unit.remove_prefix(1);
  const auto found = units.find(unit);
  if (parsed.ec != std::errc() || found == units.end() || !(value > 0) || !std::isfinite(value)) {
    throw_usage(fmt::format("{} {}: expected a size such as 80GiB or 512MB", option, quote(text)));
  }
  return value * found->second;
}

}  // namespace sextant
