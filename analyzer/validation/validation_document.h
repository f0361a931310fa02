#pragma once

#include <filesystem>
#include <vector>

#include "analyzer/core/json_document.h"
#include "analyzer/validation/validation.h"

namespace sextant {

/// A row of the documents `validation` and `reproduction`.
OrderedJson to_json(const ValidationRow& row);
OrderedJson to_json(const ValidationSummary& summary);

/// Document `validation`: the rows and their summary.
OrderedJson validation_json(const std::vector<ValidationRow>& rows);
/// The rows of a document `validation`, or of a `reproduction` whose rows are such. Throws
/// Error(kBadInput) naming file and member.
std::vector<ValidationRow> read_validation(const std::filesystem::path& path);
/// The same of a document that was read.
std::vector<ValidationRow> validation_rows_from(const JsonNode& root);

}  // namespace sextant
