#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "analyzer/core/json_document.h"
#include "analyzer/report/html/html_page.h"

namespace sextant {

/// What one kind of a reproduction's rows show: pictures of ours beside what was published, then
/// their table. `rows` are not empty.
void show_planned(const JsonNode& root, const std::vector<JsonNode>& rows, HtmlSection& section);
void show_validated(const JsonNode& root, const std::vector<JsonNode>& rows, HtmlSection& section);
void show_divided(const JsonNode& root, const std::vector<JsonNode>& rows, HtmlSection& section);
void show_simulated(const JsonNode& root, const std::vector<JsonNode>& rows, HtmlSection& section);
void show_recorded(const JsonNode& root, const std::vector<JsonNode>& rows, HtmlSection& section);
void show_served(const JsonNode& root, const std::vector<JsonNode>& rows, HtmlSection& section);

/// A column of a table of rows.
struct RowColumn {
  const char* path;  ///< of a member of the row, those of objects as "published/objective"
  const char* name;
  bool percent = false;  ///< shown as per cent
};
/// A row each; columns that no row has anything in are left out.
HtmlTable row_table(const std::string& name, const std::vector<JsonNode>& rows,
                    std::span<const RowColumn> columns);

/// The member at a path as above; nothing where it is absent.
std::optional<JsonNode> member_at(const JsonNode& row, const char* path);
std::optional<double> number_at(const JsonNode& row, const char* path);
/// "" where it is absent.
std::string text_at(const JsonNode& row, const char* path);

/// Texts of a member, in order of appearance.
std::vector<std::string> texts_of(const std::vector<JsonNode>& rows, const char* path);

/// "libra fig12".
std::string experiment_of(const JsonNode& root);
/// The weakest class of the rows.
std::string evidence_of(const std::vector<JsonNode>& rows);

}  // namespace sextant
