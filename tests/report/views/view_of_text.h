#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "analyzer/report/views/report_views.h"
#include "tests/support/schema_check.h"

namespace sextant::testing {

/// Sections that documents show together; each must be as the schema of its kind says.
inline std::vector<HtmlSection> sections_of(const std::vector<std::string>& texts) {
  ReportInputs inputs;
  for (const std::string& text : texts) {
    inputs.documents.emplace_back(new JsonDocument(
        JsonDocument::parse(text, "file" + std::to_string(inputs.documents.size()) + ".json")));
    EXPECT_EQ(SchemaCheck(inputs.documents.back()->kind()).problems(text), "");
  }
  return report_sections(inputs);
}

/// The one section that a document shows.
inline HtmlSection section_of(const std::string& text) {
  std::vector<HtmlSection> sections = sections_of({text});
  EXPECT_EQ(sections.size(), 1U);
  return std::move(sections.at(0));
}

/// How often a part stands in a text.
inline int count(const std::string& text, const std::string& part) {
  int times = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) {
    ++times;
  }
  return times;
}

}  // namespace sextant::testing
