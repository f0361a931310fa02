#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace sextant {

/// A grouped bar chart: one group a case (a cluster), one bar a series (a planner); several of them
/// as panels that share series and legend.
struct BarChart {
  struct Group {
    std::string name;
    /// One a series, finite and not negative; nothing is drawn as "none" at the foot.
    std::vector<std::optional<double>> values;
    /// What was published of each series, a mark across its bar; empty where nothing was.
    std::vector<std::optional<double>> published = {};
  };
  struct Panel {
    std::string name;     ///< above it, may be empty
    std::string y_label;  ///< with its unit; panels of the same label have the same scale
    std::vector<Group> groups;
  };

  std::string title;
  std::string evidence;  ///< the class that the figures rest on: "replayed", "estimated", …
  std::string caption;   ///< further remarks, may be empty
  std::vector<std::string> series;
  std::vector<Panel> panels;  ///< row by row
  std::size_t columns = 1;    ///< panels in a row
};

/// The chart as an SVG document that follows the reader's light or dark theme. The bytes depend on
/// the chart alone. Throws Error(kInternal) where there is no panel, group, series or column, a
/// group has another number of values (or published ones, if any) than there are series, or one is
/// negative or not finite.
std::string svg(const BarChart& chart);

}  // namespace sextant
