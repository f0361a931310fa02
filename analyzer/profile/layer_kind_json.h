#pragma once

#include "analyzer/core/json_document.h"
#include "analyzer/profile/profile_point.h"

namespace sextant {

/// One element of "layer_kinds". Optional members are left out where there is nothing to say.
OrderedJson layer_kind_json(const LayerKindProfile& kind);

/// Reads what layer_kind_json writes; throws Error(kBadInput) with the place.
LayerKindProfile read_layer_kind(const JsonNode& node, bool lenient);

}  // namespace sextant
