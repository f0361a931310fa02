#pragma once

#include <limits>
#include <string>
#include <vector>

namespace sextant {

/// max cost'x with row_lower <= A x <= row_upper, lower <= x <= upper, some of x integer.
struct MixedIntegerProgram {
  static constexpr double kInfinity = std::numeric_limits<double>::infinity();

  struct Term {
    int column;
    double value;
  };

  std::vector<double> cost;  ///< by column, as the four below
  std::vector<double> lower;
  std::vector<double> upper;
  std::vector<char> integer;
  std::vector<std::string> column_names;

  std::vector<double> row_lower;  ///< by row
  std::vector<double> row_upper;
  std::vector<std::string> row_names;
  std::vector<int> row_start = {0};  ///< of each row's terms, and their end
  std::vector<int> term_column;
  std::vector<double> term_value;

  int columns() const { return static_cast<int>(cost.size()); }
  int rows() const { return static_cast<int>(row_lower.size()); }

  /// Index of the new column.
  int add_column(std::string name, double least, double most, bool whole, double gain = 0) {
    cost.push_back(gain);
    lower.push_back(least);
    upper.push_back(most);
    integer.push_back(whole ? 1 : 0);
    column_names.push_back(std::move(name));
    return columns() - 1;
  }
  void add_row(std::string name, double least, double most, const std::vector<Term>& terms) {
    for (const Term& term : terms) {
      term_column.push_back(term.column);
      term_value.push_back(term.value);
    }
    row_start.push_back(static_cast<int>(term_column.size()));
    row_lower.push_back(least);
    row_upper.push_back(most);
    row_names.push_back(std::move(name));
  }
};

}  // namespace sextant
