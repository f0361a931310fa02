#pragma once

#include <optional>

#include "analyzer/report/html/html_page.h"

namespace sextant {

/// A number as people read it, sorted and copied in full.
HtmlTable::Cell figure_cell(double value);
/// The same, and empty where nobody had the figure.
HtmlTable::Cell figure_cell(const std::optional<double>& value);
/// A whole number, with its thousands grouped.
HtmlTable::Cell count_cell(double value);
/// A share under a heading that says per cent, as it is sorted and copied too.
HtmlTable::Cell per_cent_cell(double share);

}  // namespace sextant
