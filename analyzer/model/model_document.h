#pragma once

#include <filesystem>

#include "analyzer/core/json_document.h"
#include "analyzer/model/model.h"

namespace sextant {

/// A document of kind `model` (profiles/schema/model.json). Absent members have the values of the
/// plainest transformer: kv_heads = heads, head_dim = hidden / heads, embedding_width = hidden.
/// Throws Error(kBadInput) with the place, on unknown members too.
ModelDescription read_model(const std::filesystem::path& path);
ModelDescription model_from_json(const JsonNode& node);

/// The whole document, every member written out.
OrderedJson to_json(const ModelDescription& model);

}  // namespace sextant
