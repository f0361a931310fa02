#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "analyzer/report/html/html_page.h"

namespace sextant {

/// A unit in which all figures of one plot can be read.
struct PlotUnit {
  std::string_view name;
  double size = 1;  ///< of one of it, in the base unit

  double of(double value) const { return value / size; }
};

/// The unit for times up to `largest_s` seconds: "µs", "ms", "s".
PlotUnit time_unit(double largest_s);
/// For memory up to `largest_bytes`, in binary steps: "B", "KiB", "MiB", "GiB".
PlotUnit memory_unit(double largest_bytes);
/// For bandwidths, in decimal steps: "MB/s", "GB/s".
PlotUnit bandwidth_unit(double largest_bytes_per_s);

/// Memory of a device or a layer: "3.25 MiB", "39.4 GiB".
std::string memory_text(double bytes);
/// "12 %", "0.52 %".
std::string percent_text(double fraction);
/// "+12 %", "-0.52 %".
std::string signed_percent_text(double fraction);

// Cells with the figure as people read it; sorted by, and in CSV, the value in the base unit.

HtmlTable::Cell seconds_cell(double seconds);
HtmlTable::Cell memory_cell(double bytes);
/// Sizes of messages, in decimal steps: "65.5 kB".
HtmlTable::Cell bytes_cell(double bytes);
HtmlTable::Cell bandwidth_cell(double bytes_per_s);
/// The CSV has the fraction.
HtmlTable::Cell percent_cell(double fraction);
HtmlTable::Cell signed_percent_cell(double fraction);
/// As a number of per cent, under a heading that says so; the CSV has that number too.
HtmlTable::Cell per_cent_cell(double fraction);
/// A whole number as it is.
HtmlTable::Cell integer_cell(long long value);
/// A whole number with its thousands grouped.
HtmlTable::Cell count_cell(double value);
/// Three to four significant digits.
HtmlTable::Cell number_cell(double value);
/// The same, and empty where nobody had the figure.
HtmlTable::Cell number_cell(const std::optional<double>& value);
/// Where there is no figure.
HtmlTable::Cell no_cell();

}  // namespace sextant
