#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "analyzer/core/json_document.h"

namespace sextant {

/// A table that the reader can sort and copy as CSV.
struct HtmlTable {
  struct Column {
    std::string name;      ///< with its unit
    bool numbers = false;  ///< right-aligned
  };
  struct Cell {
    std::string text;
    std::optional<double> value = {};  ///< by which it is sorted and what CSV has; else the text
  };

  std::string name;  ///< above it, and of the CSV file
  std::vector<Column> columns;
  std::vector<std::vector<Cell>> rows;  ///< as many cells each as there are columns
};

/// What one document (or what several say together) has to show. Text of any origin stays text:
/// everything is escaped here.
class HtmlSection {
 public:
  /// `evidence`: the class that its figures rest on, "" where they rest on none.
  HtmlSection(std::string title, std::string source_file, std::string evidence);

  void heading(std::string_view text);
  void paragraph(std::string_view text);
  /// Something that the reader must not miss: what does not fit, what is partial.
  void warning(std::string_view text);
  /// Labels with their values: the figures that count.
  void facts(const std::vector<std::pair<std::string, std::string>>& facts);
  void table(const HtmlTable& table);
  /// A picture of our charts (analyzer/report/*_chart.h), which its reader can save under `name`.
  void figure(std::string_view name, std::string_view svg);
  /// A picture that the page's script draws from data, as a zoomable timeline; `kind` names the
  /// drawing function of page.js.
  void drawn(std::string_view name, std::string_view kind, const OrderedJson& data);

  const std::string& title() const { return title_; }
  const std::string& source_file() const { return source_file_; }
  const std::string& evidence() const { return evidence_; }
  const std::string& html() const { return html_; }

 private:
  std::string title_;
  std::string source_file_;
  std::string evidence_;
  std::string html_;
};

/// One self-contained document that needs no network: style and script are in it. The bytes depend
/// on the sections alone.
std::string html_page(std::string_view title, const std::vector<HtmlSection>& sections);

}  // namespace sextant
