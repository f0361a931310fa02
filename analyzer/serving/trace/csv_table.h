#pragma once

#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace sextant {

/// Rows of a CSV of numbers below one line of column names. Throws Error(kBadInput) naming file,
/// line, what was expected and what was found.
class CsvTable {
 public:
  /// Keeps these columns; others are passed over. At least one row.
  CsvTable(const std::filesystem::path& path, std::initializer_list<std::string_view> columns);
  CsvTable(CsvTable&&) = delete;

  std::size_t rows() const { return lines_.size(); }
  /// Columns are counted as asked for.
  long long integer(std::size_t row, std::size_t column, long long low, long long high) const;
  /// A whole number of at least 1.
  int count(std::size_t row, std::size_t column, int high) const {
    return static_cast<int>(integer(row, column, 1, high));
  }
  /// >= 0 and finite.
  double non_negative(std::size_t row, std::size_t column) const;

 private:
  std::string_view cell(std::size_t row, std::size_t column) const {
    return cells_[row * names_.size() + column];
  }
  [[noreturn]] void fail(std::size_t row, std::size_t column, std::string_view expected) const;

  std::string file_;
  std::string text_;
  std::vector<std::string> names_;
  std::vector<std::string_view> cells_;
  std::vector<int> lines_;
};

}  // namespace sextant
