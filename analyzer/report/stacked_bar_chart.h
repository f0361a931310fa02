#pragma once

#include <string>
#include <vector>

namespace sextant {

/// What wholes are made of: a horizontal bar for each (a rank), its parts (phases, memory terms)
/// one after the other.
struct StackedBarChart {
  struct Bar {
    std::string name;
    std::vector<double> parts;  ///< one for each of the chart's, finite and not negative
  };

  std::string title;
  std::string x_label;             ///< with its unit
  std::string unit;                ///< of the values, "ms"
  std::string evidence;            ///< the class that the figures rest on
  std::string caption;             ///< further remarks, may be empty
  std::vector<std::string> parts;  ///< their names, in the order in which they are drawn
  std::vector<Bar> bars;           ///< from the top
};

/// The chart as an SVG document that follows the reader's light or dark theme. The bytes depend on
/// the chart alone. Throws Error(kInternal) where there is no bar or part, a bar has another number
/// of parts, or a value is negative or not finite.
std::string svg(const StackedBarChart& chart);

}  // namespace sextant
