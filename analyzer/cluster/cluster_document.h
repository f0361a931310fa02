#pragma once

#include <filesystem>

#include "analyzer/cluster/cluster.h"
#include "analyzer/core/json_document.h"

namespace sextant {

/// Reads document `cluster`. GPU types become their canonical names, and memory and prices that the
/// document leaves out are filled in, by `resolve`; without it, names stay and memory must be
/// given. A price that nobody knows is 0 and leaves a note. The network stands inside the document,
/// or in another file that it names relative to itself, or in an artifact's directory; a document
/// without network gives one that refuses every look-up. Throws Error(kBadInput).
Cluster read_cluster(const std::filesystem::path& path, const GpuResolver& resolve = {});

/// The document of a cluster. `network` is what its member of that name shall hold: a network
/// document, the path of one, `{"artifact": DIR}`, or null for none. Egress prices of zones
/// without a pool, and those of nothing, are left out.
OrderedJson to_json(const Cluster& cluster, OrderedJson network);

}  // namespace sextant
