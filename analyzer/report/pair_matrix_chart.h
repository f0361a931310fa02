#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace sextant {

/// What each of some ends gives to each other one, as a heat map: a row sends, a column receives.
struct PairMatrixChart {
  struct Cell {
    std::size_t from = 0;  ///< index into `ends`
    std::size_t to = 0;
    double value = 0;         ///< finite and not negative
    bool stands_out = false;  ///< framed
    std::string remark = {};  ///< shown on hovering, after the value; may be empty
  };

  std::string title;
  std::string unit;      ///< of the values, "GB/s"
  std::string evidence;  ///< the class that the figures rest on
  std::string caption;   ///< further remarks, may be empty
  std::vector<std::string> ends;
  std::vector<Cell> cells;  ///< pairs without a value have none
};

/// The chart as an SVG document that follows the reader's light or dark theme. The bytes depend on
/// the chart alone. Throws Error(kInternal) where there is no cell, one names an end that there is
/// not, or a value is negative or not finite.
std::string svg(const PairMatrixChart& chart);

}  // namespace sextant
