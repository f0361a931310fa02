#include "analyzer/report/views/table_cells.h"

#include <fmt/format.h>

#include "analyzer/core/table.h"

namespace sextant {

HtmlTable::Cell figure_cell(double value) {
  return {value == 0 ? "0" : format_count(value), value};
}

HtmlTable::Cell figure_cell(const std::optional<double>& value) {
  return value ? figure_cell(*value) : HtmlTable::Cell{""};
}

HtmlTable::Cell count_cell(double value) {
  std::string digits = fmt::format("{:.0f}", value);
  for (std::size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, ",");
  return {digits, value};
}

HtmlTable::Cell per_cent_cell(double share) {
  return {fmt::format("{:.1f}", 100 * share), 100 * share};
}

}  // namespace sextant
