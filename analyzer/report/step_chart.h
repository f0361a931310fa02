#pragma once

#include <string>
#include <vector>

namespace sextant {

/// What holds from one moment to the next, over time: panels below each other, which share the time
/// axis, each with an axis from zero and some series as lines of steps.
struct StepChart {
  struct Step {
    double from_s = 0;  ///< until the next step, the last until end_s
    double value = 0;   ///< finite and not negative
  };
  struct Series {
    std::string name;
    std::vector<Step> steps;  ///< ascending, from 0 on
    bool filled = false;      ///< an area instead of a line
  };
  struct Panel {
    std::string y_label;         ///< with its unit
    std::vector<Series> series;  ///< painted in this order
  };

  std::string title;
  std::string evidence;  ///< the class that the figures rest on
  std::string caption;   ///< further remarks, may be empty
  double end_s = 0;      ///< > 0
  std::vector<Panel> panels;
};

/// The chart as an SVG document that follows the reader's light or dark theme. The bytes depend on
/// the chart alone. Throws Error(kInternal) where there is no panel, a panel has no series or a
/// series no step, or steps are out of order, outside of 0 … end_s, negative or not finite.
std::string svg(const StepChart& chart);

}  // namespace sextant
