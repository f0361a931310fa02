#pragma once

#include <string>
#include <vector>

namespace sextant {

/// What wholes are made of: a horizontal bar each, of parts one after the other.
struct StackedBars {
  struct Bar {
    std::string name;
    std::vector<double> parts;  ///< one a series, finite and not negative
    std::string remark = {};    ///< behind the bar, may be empty
  };

  std::string title;
  std::string x_label;   ///< with its unit
  std::string evidence;  ///< the class that the figures rest on
  std::string caption;   ///< may be empty
  std::vector<std::string> series;
  std::vector<Bar> bars;
};

/// The chart as an SVG document that follows the reader's light or dark theme. The bytes depend on
/// the chart alone. Throws Error(kInternal) where there is no bar or series, a bar has another
/// number of parts than there are series, or one is negative or not finite.
std::string svg(const StackedBars& chart);

}  // namespace sextant
