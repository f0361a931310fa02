#pragma once

#include <string>
#include <vector>

#include "analyzer/network/bandwidth_document.h"

namespace sextant::bench {

/// The name of a rank's detail that holds the way from its GPU to the one with that PCI bus id.
std::string path_detail(const std::string& bus_id);

/// Takes those details from the ranks; returns the ways between ranks of one host, a < b.
std::vector<PairTopology> take_topology(std::vector<BandwidthRank>& ranks);

}  // namespace sextant::bench
