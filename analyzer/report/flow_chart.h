#pragma once

#include <optional>
#include <string>
#include <vector>

namespace sextant {

/// What flows from a source through boxes to a sink, from top to bottom: a box stands a row below
/// all that send to it, links are as wide as their flow, and what carries all that it can is marked
/// in colour and in words.
struct FlowChart {
  static constexpr int kOutside = -1;  ///< in edges: the source as `from`, the sink as `to`

  struct Box {
    std::string name;
    std::string type;    ///< whose colour it has
    std::string remark;  ///< second line, may be empty
    double flow = 0;
    std::optional<double> capacity = {};  ///< > 0; with it the box shows how full it is
  };
  struct Edge {
    int from = kOutside;  ///< index of a box
    int to = kOutside;
    double flow = 0;
    bool saturated = false;  ///< it carries all that it can
  };

  std::string title;
  std::string evidence;                 ///< the class that the figures rest on
  std::string caption;                  ///< may be empty
  std::string unit;                     ///< of flow and capacity
  std::string source;                   ///< name of both ends
  std::vector<std::string> types = {};  ///< in the order of their colours, before others of boxes
  std::vector<Box> boxes;               ///< whoever sends stands before those that it sends to
  std::vector<Edge> edges;
};

/// Whether a flow is all of a capacity, to the precision of what computes flows.
bool is_saturated(double flow, double capacity);

/// The chart as an SVG document that follows the reader's light or dark theme. The bytes depend on
/// the chart alone. Throws Error(kInternal) where there is no box, an edge names none that there
/// is, or a figure is negative or not finite.
std::string svg(const FlowChart& chart);

}  // namespace sextant
