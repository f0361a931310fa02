#pragma once

#include <string>
#include <vector>

namespace sextant {

/// Distributions side by side: a box from the first to the third quartile with the median in it,
/// whiskers to the furthest values within 1.5 times the box's height from it (Tukey), what lies
/// beyond as points, and a diamond at the mean. Under each box its name and number of values.
struct BoxPlot {
  struct Value {
    double value = 0;  ///< finite and not negative
    std::string name;  ///< beside the point where it lies beyond the whiskers; may be empty
  };
  struct Box {
    std::string name;
    std::vector<Value> values;  ///< in any order; none draws no box
    std::string remark;         ///< under the number of values, may be empty
    bool published = false;     ///< somebody else's, drawn hatched
  };

  std::string title;
  std::string y_label;   ///< with its unit
  std::string evidence;  ///< the class that the figures rest on
  std::string caption;   ///< further remarks, may be empty; what the marks mean is added
  std::vector<Box> boxes;
};

/// What is drawn of the values of a box; quantiles are linear between values.
struct BoxFigures {
  double low_whisker = 0;
  double first_quartile = 0;
  double median = 0;
  double third_quartile = 0;
  double high_whisker = 0;
  double mean = 0;
  std::vector<BoxPlot::Value> outliers;  ///< ascending, of equal ones by name
};
/// `values` are not empty.
BoxFigures box_figures(std::vector<BoxPlot::Value> values);

/// The plot as an SVG document that follows the reader's light or dark theme. The bytes depend on
/// the plot alone. Throws Error(kInternal) where there is no box, or a value is negative or not
/// finite.
std::string svg(const BoxPlot& plot);

}  // namespace sextant
