#pragma once

#include "analyzer/core/json_document.h"
#include "analyzer/network/link_model.h"

namespace sextant {

/// The member `model` of a network document; its valid range stands beside it.
OrderedJson link_model_json(const LinkModel& model);
/// Throws Error(kBadInput) with the place.
LinkModel read_link_model(const JsonNode& node);

/// [smallest, largest] measured message; the largest is finite.
OrderedJson valid_bytes_json(const LinkModel& model);
LinkModel read_valid_bytes(const JsonNode& node, const LinkModel& model);

}  // namespace sextant
