#pragma once

#include <string>
#include <vector>

namespace sextant {

/// What was predicted against what was measured, a point for each: both axes are alike and
/// logarithmic, so that the diagonal and the band about it show relative errors.
struct PredictionChart {
  struct Point {
    double measured = 0;
    double predicted = 0;
    std::string name;  ///< shown on hovering
  };
  struct Series {
    std::string name;
    std::vector<Point> points;
  };

  std::string title;
  std::string unit;      ///< of both, "s", "GiB"
  std::string evidence;  ///< the class that the figures rest on
  std::string caption;   ///< further remarks, may be empty
  double band = 0.1;     ///< half its width, as a part of the measured
  std::vector<Series> series;
};

/// The chart as an SVG document that follows the reader's light or dark theme. The bytes depend on
/// the chart alone. Throws Error(kInternal) where there is no point, or a value is not positive and
/// finite.
std::string svg(const PredictionChart& chart);

}  // namespace sextant
