#pragma once

#include <string>
#include <vector>

namespace sextant {

/// Which layers of a model each machine holds: layers from left to right, a row for each machine,
/// a bar from its first layer to its last in its type's colour. Machines that hold the same layers
/// stand under each other.
struct PlacementChart {
  struct Machine {
    std::string name;
    std::string type;
    int first = 0;
    int end = 0;  ///< the layer after the last; `first` where it holds none
  };

  std::string title;
  std::string evidence;  ///< the class that the figures rest on
  std::string caption;   ///< further remarks, may be empty
  int layers = 0;
  std::vector<Machine> machines;
};

/// The chart as an SVG document that follows the reader's light or dark theme. The bytes depend on
/// the chart alone. Throws Error(kInternal) where there is no machine, or one has layers that the
/// model has not.
std::string svg(const PlacementChart& chart);

}  // namespace sextant
