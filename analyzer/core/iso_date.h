#pragma once

#include <string>

#include "analyzer/core/json_document.h"

namespace sextant {

/// A string YYYY-MM-DD that is a day of the calendar. Throws Error(kBadInput) with the place.
const std::string& read_iso_date(const JsonNode& node);

}  // namespace sextant
