#include "analyzer/report/views/figure_text.h"

#include <array>
#include <cmath>
#include <span>

#include <fmt/format.h>

#include "analyzer/core/table.h"

namespace sextant {

namespace {

/// The largest unit of which `largest` is at least one; units ascending.
PlotUnit unit_for(double largest, std::span<const PlotUnit> units) {
  PlotUnit out = units.front();
  for (const PlotUnit& unit : units) {
    if (largest >= unit.size) out = unit;
  }
  return out;
}

/// Two significant digits below ten.
std::string percents(double fraction, bool with_sign) {
  // Adding 0 makes -0 a 0.
  const double value = 100 * fraction + 0.0;
  if (std::abs(value) >= 9.95) {
    return with_sign ? fmt::format("{:+.0f} %", value) : fmt::format("{:.0f} %", value);
  }
  return with_sign ? fmt::format("{:+.2g} %", value) : fmt::format("{:.2g} %", value);
}

}  // namespace

PlotUnit time_unit(double largest_s) {
  static constexpr std::array<PlotUnit, 3> kUnits = {{{"µs", 1e-6}, {"ms", 1e-3}, {"s", 1}}};
  return unit_for(largest_s, kUnits);
}

PlotUnit memory_unit(double largest_bytes) {
  static constexpr std::array<PlotUnit, 4> kUnits = {
      {{"B", 1}, {"KiB", 1024.0}, {"MiB", 1024.0 * 1024}, {"GiB", 1024.0 * 1024 * 1024}}};
  return unit_for(largest_bytes, kUnits);
}

PlotUnit bandwidth_unit(double largest_bytes_per_s) {
  static constexpr std::array<PlotUnit, 3> kUnits = {{{"kB/s", 1e3}, {"MB/s", 1e6}, {"GB/s", 1e9}}};
  return unit_for(largest_bytes_per_s, kUnits);
}

std::string memory_text(double bytes) {
  const PlotUnit unit = memory_unit(bytes);
  return unit.size == 1 ? fmt::format("{:.0f} B", bytes)
                        : fmt::format("{:.3g} {}", unit.of(bytes), unit.name);
}

std::string percent_text(double fraction) {
  return percents(fraction, false);
}

std::string signed_percent_text(double fraction) {
  return percents(fraction, true);
}

HtmlTable::Cell seconds_cell(double seconds) {
  return {format_seconds(seconds), seconds};
}

HtmlTable::Cell memory_cell(double bytes) {
  return {memory_text(bytes), bytes};
}

HtmlTable::Cell bytes_cell(double bytes) {
  return {format_bytes(bytes), bytes};
}

HtmlTable::Cell bandwidth_cell(double bytes_per_s) {
  return {format_bandwidth(bytes_per_s), bytes_per_s};
}

HtmlTable::Cell percent_cell(double fraction) {
  return {percent_text(fraction), fraction};
}

HtmlTable::Cell signed_percent_cell(double fraction) {
  return {signed_percent_text(fraction), fraction};
}

HtmlTable::Cell integer_cell(long long value) {
  return {fmt::format("{}", value), static_cast<double>(value)};
}

HtmlTable::Cell per_cent_cell(double fraction) {
  return {fmt::format("{:.1f}", 100 * fraction), 100 * fraction};
}

HtmlTable::Cell count_cell(double value) {
  std::string digits = fmt::format("{:.0f}", value);
  for (std::size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, ",");
  return {digits, value};
}

HtmlTable::Cell number_cell(double value) {
  return {value == 0 ? "0" : format_count(value), value};
}

HtmlTable::Cell number_cell(const std::optional<double>& value) {
  return value ? number_cell(*value) : HtmlTable::Cell{""};
}

HtmlTable::Cell no_cell() {
  return {"-"};
}

}  // namespace sextant
