#pragma once

#include <string>
#include <vector>

#include "analyzer/core/json_document.h"
#include "analyzer/profile/profile_point.h"

namespace sextant {

/// [{"kind": "embedding", "count": 1}, …]; `kinds` are the names that the runs' indices mean.
OrderedJson layer_sequence_json(const std::vector<LayerRun>& sequence,
                                const std::vector<std::string>& kinds);

/// Reads it. Throws Error(kBadInput) with the place where a name is not among `kinds`, one of them
/// stands nowhere, or there are no layers or more than 100 000.
std::vector<LayerRun> read_layer_sequence(const JsonNode& node,
                                          const std::vector<std::string>& kinds, bool lenient);

/// The name of every element of "layer_kinds"; throws Error(kBadInput) where two are the same.
std::vector<std::string> read_kind_names(const JsonNode& layer_kinds);

}  // namespace sextant
