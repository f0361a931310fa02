#pragma once

#include <string>
#include <vector>

namespace sextant {

/// A cluster at a glance: a box for each zone with its pools, a square for each machine in its GPU
/// type's colour; of large pools a square stands for several.
struct ClusterChart {
  struct Pool {
    std::string gpu;
    int nodes = 0;
    int gpus = 0;
    std::string remark;  ///< beside the number, "$3.67 an hour"; may be empty
  };
  struct Zone {
    std::string name;
    std::vector<Pool> pools;
  };

  std::string title;
  std::string evidence;  ///< the class that the figures rest on
  std::string caption;   ///< further remarks, may be empty
  std::vector<Zone> zones;
};

/// The chart as an SVG document that follows the reader's light or dark theme. The bytes depend on
/// the chart alone. Throws Error(kInternal) where there is no zone, or a number is negative.
std::string svg(const ClusterChart& chart);

}  // namespace sextant
