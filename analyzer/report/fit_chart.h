#pragma once

#include <string>
#include <vector>

namespace sextant {

/// Points and the curve that was fitted to them over logarithmic axes, with the curve's band, and
/// under each other the residuals: one panel a curve.
struct FitChart {
  struct Dot {
    double x = 0;
    double y = 0;
    double residual = 0;  ///< (curve - point) / point
  };
  struct Place {
    double x = 0;
    double y = 0;
  };
  struct Panel {
    std::string title;
    std::string remark;  ///< under the title, may be empty
    std::vector<Dot> dots;
    std::vector<Place> curve;  ///< ascending x
    double band = 0;           ///< half its width, as a part of the curve; 0 draws none
  };

  std::string title;
  std::string x_label;
  std::string y_label;
  std::string evidence;  ///< the class that the figures rest on
  std::string caption;   ///< may be empty
  std::vector<Panel> panels;
};

/// The chart as an SVG document that follows the reader's light or dark theme. The bytes depend on
/// the chart alone. Throws Error(kInternal) where there is no panel, or a panel has no dot or curve
/// or an x or y that is not positive and finite.
std::string svg(const FitChart& chart);

}  // namespace sextant
