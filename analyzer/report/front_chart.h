#pragma once

#include <string>
#include <vector>

namespace sextant {

/// Points of which none lies both further left and higher than another (cost against speed, say),
/// with the stairs below which nothing else is of use. Axes begin at zero, or where the values lie
/// close together, near the least.
struct FrontChart {
  struct Point {
    double x = 0;
    double y = 0;
    std::string name;     ///< beside the point
    bool certain = true;  ///< false draws it hollow
  };

  std::string title;
  std::string x_label;   ///< with its unit; less is better
  std::string y_label;   ///< with its unit; more is better
  std::string evidence;  ///< the class that the figures rest on
  std::string caption;   ///< further remarks, may be empty
  std::vector<Point> points;
};

/// The chart as an SVG document that follows the reader's light or dark theme. The bytes depend on
/// the chart alone. Throws Error(kInternal) where there is no point, or a value is negative or not
/// finite.
std::string svg(const FrontChart& chart);

}  // namespace sextant
