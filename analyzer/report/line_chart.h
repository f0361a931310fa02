#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace sextant {

/// Lines through points, over one horizontal axis: panels side by side and below each other that
/// share series, legend and horizontal axis. Vertical axes begin at zero, or where the values lie
/// close together, near the least.
struct LineChart {
  struct Point {
    double x = 0;
    double y = 0;
    bool open = false;  ///< drawn hollow, the line to it dashed
  };
  struct Panel {
    std::string name;                       ///< above it, may be empty
    std::string y_label;                    ///< with its unit; panels of one label share the scale
    std::vector<std::vector<Point>> lines;  ///< one a series, by ascending x; may be empty
  };

  std::string title;
  std::string x_label;   ///< with its unit
  std::string evidence;  ///< the class that the figures rest on
  std::string caption;   ///< further remarks, may be empty
  std::string open;      ///< what an open point means; needed where there is one
  std::vector<std::string> series;
  std::vector<Panel> panels;  ///< row by row
  std::size_t columns = 1;    ///< panels in a row
};

/// The chart as an SVG document that follows the reader's light or dark theme. The bytes depend on
/// the chart alone. Throws Error(kInternal) where there is no panel, point, series or column, a
/// panel has another number of lines than there are series, points are not by ascending x, or a
/// value is negative or not finite.
std::string svg(const LineChart& chart);

}  // namespace sextant
