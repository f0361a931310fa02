#pragma once

#include <optional>
#include <string>
#include <vector>

namespace sextant {

/// What wholes are made of: a bar from left to right for each of them, of parts in the same order
/// and colours, with a mark where it must end.
struct StackChart {
  struct Row {
    std::string name;
    std::vector<double> parts;         ///< one a part of the chart, finite and not negative
    std::optional<double> limit = {};  ///< not to be exceeded
    std::string remark = {};           ///< after the bar
  };

  std::string title;
  std::string x_label;     ///< with its unit
  std::string limit_name;  ///< what the marks mean; needed where a row has one
  std::string evidence;    ///< the class that the figures rest on
  std::string caption;     ///< further remarks, may be empty
  std::vector<std::string> parts;
  std::vector<Row> rows;
};

/// The chart as an SVG document that follows the reader's light or dark theme. Parts that are zero
/// in all rows are left out of the legend. The bytes depend on the chart alone. Throws
/// Error(kInternal) where there is no part or row, a row has another number of parts, or a value is
/// negative or not finite.
std::string svg(const StackChart& chart);

}  // namespace sextant
