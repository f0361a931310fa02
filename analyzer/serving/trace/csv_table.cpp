#include "analyzer/serving/trace/csv_table.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"
#include "analyzer/network/import/text_lines.h"

namespace sextant {

namespace {

std::vector<std::string_view> cells_of(std::string_view line) {
  std::vector<std::string_view> cells;
  while (true) {
    const std::size_t comma = line.find(',');
    const auto words = words_of(line.substr(0, comma));
    // Several words are no number; the whole cell says so.
    cells.push_back(words.size() == 1 ? words[0] : line.substr(0, comma));
    if (comma == std::string_view::npos) return cells;
    line.remove_prefix(comma + 1);
  }
}

}  // namespace

CsvTable::CsvTable(const std::filesystem::path& path,
                   std::initializer_list<std::string_view> columns)
    : file_(path.string()), text_(read_file(path)), names_(columns.begin(), columns.end()) {
  std::vector<std::size_t> index;
  std::size_t width = 0;
  TextPlace place = {file_};
  for (const std::string_view line : lines_of(text_)) {
    ++place.line;
    if (words_of(line).empty()) continue;
    const auto cells = cells_of(line);
    if (width == 0) {
      width = cells.size();
      for (const std::string& name : names_) {
        const auto found = std::find(cells.begin(), cells.end(), name);
        if (found == cells.end()) place.fail(fmt::format("a column {}", quote(name)), quote(line));
        if (std::find(found + 1, cells.end(), name) != cells.end()) {
          place.fail("each column once", quote(line));
        }
        index.push_back(static_cast<std::size_t>(found - cells.begin()));
      }
      continue;
    }
    if (cells.size() != width) {
      place.fail(fmt::format("{} values, as the first line has", width), quote(line));
    }
    for (const std::size_t i : index) cells_.push_back(cells[i]);
    lines_.push_back(place.line);
  }
  if (lines_.empty()) {
    throw_bad_input(
        fmt::format("{}: expected a line of column names ({}) and at least one row, "
                    "found {}",
                    file_, fmt::join(names_, ","), width == 0 ? "nothing" : "no row"));
  }
}

long long CsvTable::integer(std::size_t row, std::size_t column, long long low,
                            long long high) const {
  const auto value = unsigned_integer(cell(row, column));
  if (!value || *value < low || *value > high) {
    fail(row, column, fmt::format("a whole number from {} to {}", low, high));
  }
  return *value;
}

double CsvTable::non_negative(std::size_t row, std::size_t column) const {
  const auto value = number_in(cell(row, column));
  if (!value || !std::isfinite(*value) || *value < 0) {
    fail(row, column, "a number of at least 0");
  }
  return *value;
}

void CsvTable::fail(std::size_t row, std::size_t column, std::string_view expected) const {
  throw_bad_input(fmt::format("{}, column {}: expected {}, found {}",
                              TextPlace{file_, lines_[row]}.text(), names_[column], expected,
                              quote(cell(row, column))));
}

}  // namespace sextant
