#pragma once

#include "analyzer/core/json_document.h"
#include "analyzer/topology/formats/network_files.h"

namespace sextant {

/// Our document `topology` (profiles/schema/topology.json).
NetworkFile read_topology_document(const JsonDocument& document);

}  // namespace sextant
