#include "analyzer/core/table.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "analyzer/core/error.h"

namespace sextant {

namespace {

std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

/// Three significant digits without an exponent for 0.001 <= |value| < 1e6.
std::string three_digits(double value) {
  const double magnitude = std::abs(value);
  if ((magnitude != 0 && magnitude < 1e-3) || magnitude >= 1e6) return fmt::format("{:.2e}", value);
  // Thresholds are where rounding reaches the next power of ten: 99.96 is 100, not 100.0.
  if (magnitude >= 99.95) return fmt::format("{:.0f}", value);
  if (magnitude >= 9.995) return fmt::format("{:.1f}", value);
  if (magnitude >= 0.9995) return fmt::format("{:.2f}", value);
  return fmt::format("{:.3f}", value);
}

struct Unit {
  double factor;
  const char* name;
};

template <std::size_t N>
std::string with_unit(double value, const std::array<Unit, N>& units) {
  for (const Unit& unit : units) {
    // 999.5 would print as "1000": the next unit takes over a little before its factor.
    if (std::abs(value) >= unit.factor * 0.9995) {
      return fmt::format("{} {}", three_digits(value / unit.factor), unit.name);
    }
  }
  return fmt::format("{} {}", three_digits(value / units.back().factor), units.back().name);
}

}  // namespace

void Table::add_row(std::vector<std::string> cells) {
  if (cells.size() != columns_.size()) {
    throw Error(ErrorCode::kInternal, fmt::format("a table row of {} cells for {} columns",
                                                  cells.size(), columns_.size()));
  }
  rows_.push_back(std::move(cells));
}

std::string Table::text() const {
  std::vector<std::size_t> widths;
  for (const Column& column : columns_) widths.push_back(width(column.header));
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  }
  std::string out;
  const auto line = [&](const auto& cell_of) {
    std::string text;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const std::string cell = cell_of(i);
      const std::string padding(widths[i] - std::min(widths[i], width(cell)), ' ');
      if (i > 0) text += "  ";
      text += columns_[i].align == Align::kLeft ? cell + padding : padding + cell;
    }
    text.erase(text.find_last_not_of(' ') + 1);
    out += text + '\n';
  };
  line([&](std::size_t i) { return columns_[i].header; });
  line([&](std::size_t i) { return std::string(widths[i], '-'); });
  for (const auto& row : rows_) line([&](std::size_t i) { return row[i]; });
  return out;
}

std::string format_seconds(double seconds) {
  constexpr double kMinute = 60;
  constexpr double kHour = 3600;
  constexpr double kDay = 86400;
  if (seconds == 0) return "0 s";
  if (seconds >= 2 * kDay) return fmt::format("{} days", three_digits(seconds / kDay));
  if (std::round(seconds) >= kHour) {
    const double minutes = std::round(seconds / kMinute);
    return fmt::format("{:.0f} h {:02.0f} min", std::floor(minutes / kMinute),
                       std::fmod(minutes, kMinute));
  }
  if (seconds >= 2 * kMinute) {
    const double whole = std::round(seconds);
    return fmt::format("{:.0f} min {:02.0f} s", std::floor(whole / kMinute),
                       std::fmod(whole, kMinute));
  }
  return with_unit(seconds,
                   std::array<Unit, 4>{{{1, "s"}, {1e-3, "ms"}, {1e-6, "µs"}, {1e-9, "ns"}}});
}

std::string format_bytes(double bytes) {
  return with_unit(
      bytes, std::array<Unit, 5>{{{1e12, "TB"}, {1e9, "GB"}, {1e6, "MB"}, {1e3, "kB"}, {1, "B"}}});
}

std::string format_gib(double bytes) {
  return fmt::format("{} GiB", three_digits(bytes / (1024.0 * 1024.0 * 1024.0)));
}

std::string format_bandwidth(double bytes_per_s) {
  return format_bytes(bytes_per_s) + "/s";
}

std::string format_count(double value) {
  if (std::abs(value) < 999.5) return three_digits(value);
  if (std::abs(value) < 999'500) {
    const auto whole = static_cast<long long>(std::llround(value));
    return fmt::format("{},{:03d}", whole / 1000, std::abs(whole % 1000));
  }
  return with_unit(value, std::array<Unit, 4>{{{1e15, "P"}, {1e12, "T"}, {1e9, "G"}, {1e6, "M"}}});
}

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (const char letter : text) {
    if (letter == '"') quoted += '"';
    quoted += letter;
  }
  return quoted + '"';
}

}  // namespace sextant
