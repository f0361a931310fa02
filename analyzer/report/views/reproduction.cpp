#include <algorithm>

#include <fmt/format.h>

#include "analyzer/core/evidence.h"
#include "analyzer/report/views/figure_text.h"
#include "analyzer/report/views/report_views.h"
#include "analyzer/report/views/reproduction_parts.h"

namespace sextant {

namespace {

/// A row's kind by a member that only that kind has; the first that fits.
struct RowKind {
  const char* member;
  void (*show)(const JsonNode&, const std::vector<JsonNode>&, HtmlSection&);
};
constexpr RowKind kRowKinds[] = {{"planner", show_planned},         {"config", show_validated},
                                 {"objective", show_divided},       {"link_bw", show_recorded},
                                 {"configuration", show_simulated}, {"method", show_served}};

HtmlTable::Cell cell_of(const std::optional<JsonNode>& node, bool percent) {
  if (!node) return {""};
  if (!percent && node->raw().is_number_integer()) return count_cell(node->number());
  if (node->is_number())
    return percent ? per_cent_cell(node->number()) : number_cell(node->number());
  if (node->is_string()) return {node->string()};
  if (!node->is_array()) return {node->raw().dump()};
  std::string text;
  for (const JsonNode& element : node->elements()) {
    text += (text.empty() ? "" : " / ") +
            (element.is_number() ? fmt::format("{:.4g}", element.number()) : element.raw().dump());
  }
  return {text};
}

}  // namespace

std::optional<JsonNode> member_at(const JsonNode& row, const char* path) {
  std::optional<JsonNode> node = row;
  std::string_view rest = path;
  while (node && !rest.empty()) {
    const std::size_t slash = rest.find('/');
    node = node->find(rest.substr(0, slash));
    rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
  }
  return node;
}

std::optional<double> number_at(const JsonNode& row, const char* path) {
  const auto node = member_at(row, path);
  return node ? std::optional(node->number()) : std::nullopt;
}

std::string text_at(const JsonNode& row, const char* path) {
  const auto node = member_at(row, path);
  return node ? node->string() : "";
}

std::vector<std::string> texts_of(const std::vector<JsonNode>& rows, const char* path) {
  std::vector<std::string> texts;
  for (const JsonNode& row : rows) {
    const std::string text = text_at(row, path);
    if (std::find(texts.begin(), texts.end(), text) == texts.end()) texts.push_back(text);
  }
  return texts;
}

std::string experiment_of(const JsonNode& root) {
  return fmt::format("{} {}", root.at("system").string(), root.at("experiment").string());
}

std::string evidence_of(const std::vector<JsonNode>& rows) {
  Evidence evidence = Evidence::kMeasuredGpu;
  for (const JsonNode& row : rows) evidence = weaker(evidence, read_evidence(row.at("evidence")));
  return std::string(to_string(evidence));
}

HtmlTable row_table(const std::string& name, const std::vector<JsonNode>& rows,
                    std::span<const RowColumn> columns) {
  HtmlTable table{name, {}, std::vector<std::vector<HtmlTable::Cell>>(rows.size())};
  for (const RowColumn& column : columns) {
    bool any = false;
    bool numbers = true;
    for (const JsonNode& row : rows) {
      const auto node = member_at(row, column.path);
      if (!node) continue;
      any = true;
      numbers = numbers && node->is_number();
    }
    if (!any) continue;
    table.columns.push_back({column.name, numbers});
    for (std::size_t r = 0; r < rows.size(); ++r) {
      table.rows[r].push_back(cell_of(member_at(rows[r], column.path), column.percent));
    }
  }
  return table;
}

void add_reproduction_view(const JsonDocument& document, const ReportInputs&,
                           std::vector<HtmlSection>& sections) {
  const JsonNode root = document.root();
  const std::vector<JsonNode> rows = root.at("rows").elements();
  HtmlSection section("Published experiment again: " + experiment_of(root), document.file(),
                      rows.empty() ? "" : evidence_of(rows));
  if (const auto notes = root.find("notes")) {
    for (const JsonNode& note : notes->elements()) section.paragraph(note.string());
  }
  if (rows.empty()) section.warning("The document has no rows.");
  // Rows of a document are of one kind; one of another kind is told by the member that it lacks.
  for (const auto& [member, show] : kRowKinds) {
    if (rows.empty() || !rows.front().has(member)) continue;
    show(root, rows, section);
    break;
  }
  sections.push_back(std::move(section));
}

}  // namespace sextant
