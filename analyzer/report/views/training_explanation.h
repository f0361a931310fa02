#pragma once

#include "analyzer/core/json_document.h"
#include "analyzer/report/html/html_page.h"

namespace sextant {

/// Why this plan (member `explanation` of a row of `plans`): what binds, what changes of the
/// problem and another node would bring, which plans came close.
void add_explanation(const JsonNode& explanation, HtmlSection& section);

}  // namespace sextant
