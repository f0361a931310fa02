#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace sextant {

/// Points and lines over two logarithmic axes: panels side by side and below each other that share
/// series and legend. Rooflines, and what messages take by their size.
struct LogChart {
  struct Point {
    double x = 0;
    double y = 0;
    /// From where to where it varies; absent: not known. Both > 0 and finite.
    std::optional<double> low = {};
    std::optional<double> high = {};
    std::string name = {};  ///< shown on hovering, before the values; may be empty
  };
  struct Series {
    std::string name;
    bool dots = true;
    bool line = true;
    bool dashed = false;
  };
  struct Panel {
    std::string name;  ///< above it, may be empty
    std::string y_label;
    std::string y_unit;                     ///< "B/s", with an SI prefix on the axis; may be empty
    std::vector<std::vector<Point>> lines;  ///< one a series, by ascending x; may be empty
  };

  std::string title;
  std::string x_label;
  std::string x_unit;    ///< may be empty
  std::string evidence;  ///< the class that the figures rest on
  std::string caption;   ///< further remarks, may be empty
  std::vector<Series> series;
  std::vector<Panel> panels;  ///< row by row
  std::size_t columns = 1;    ///< panels in a row
};

/// The chart as an SVG document that follows the reader's light or dark theme. The bytes depend on
/// the chart alone. Throws Error(kInternal) where there is no panel, series or column, a panel has
/// no point or another number of lines than there are series, points are not by ascending x, or a
/// value is not positive and finite.
std::string svg(const LogChart& chart);

}  // namespace sextant
