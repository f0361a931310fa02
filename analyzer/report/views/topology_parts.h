#pragma once

#include <string>

#include "analyzer/core/json_document.h"

namespace sextant {

/// "Ring(8) Package": a dimension of a network.
std::string dimension_text(const JsonNode& dimension);

/// "8 × 1 × 2": NPUs of a group by dimension.
std::string product_text(const JsonNode& factors);

}  // namespace sextant
