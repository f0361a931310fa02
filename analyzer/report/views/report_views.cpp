#include "analyzer/report/views/report_views.h"

#include <fmt/format.h>

#include "analyzer/core/error.h"

namespace sextant {

#define VIEW(kind) \
  void add_##kind##_view(const JsonDocument&, const ReportInputs&, std::vector<HtmlSection>&);
#include "analyzer/report/views/views.def"
#undef VIEW

namespace {

/// Members of the first level as they are.
void add_members(const JsonDocument& document, std::vector<HtmlSection>& sections) {
  HtmlSection section(document.kind(), document.file(), "");
  HtmlTable table{"members", {{"member"}, {"value"}}, {}};
  constexpr std::size_t kLongest = 200;
  for (const auto& [key, node] : document.root().members()) {
    std::string text = node.is_string() ? node.string() : node.raw().dump();
    if (text.size() > kLongest) {
      text = node.is_array() ? fmt::format("{} elements", node.size())
                             : fmt::format("{} members", node.size());
    }
    table.rows.push_back({{key}, {text}});
  }
  section.table(table);
  sections.push_back(std::move(section));
}

}  // namespace

ReportView report_view_of(std::string_view kind) {
#define VIEW(name) \
  if (kind == #name) return add_##name##_view;
#include "analyzer/report/views/views.def"
#undef VIEW
  (void)kind;
  return nullptr;
}

std::vector<HtmlSection> report_sections(const ReportInputs& inputs) {
  std::vector<HtmlSection> sections;
  for (const auto& document : inputs.documents) {
    const std::string kind = document->kind();
    if (kind.empty()) document->root().fail("one of our documents, with a member \"schema\"");
    document->root_of_kind(kind, 1);
    if (const ReportView view = report_view_of(kind)) {
      view(*document, inputs, sections);
    } else {
      add_members(*document, sections);
    }
  }
  return sections;
}

}  // namespace sextant
