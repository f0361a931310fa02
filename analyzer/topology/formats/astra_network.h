#pragma once

#include "analyzer/core/json_document.h"
#include "analyzer/topology/formats/astra_files.h"
#include "analyzer/topology/formats/network_files.h"

namespace sextant {

/// ASTRA-sim's network JSON as its analytical back end (tag tutorial-isca2022) reads it.
struct AstraNetwork {
  std::vector<TopologyDimension> dimensions;
  std::vector<int> links;  ///< of an NPU
  std::vector<double> link_bytes_per_s;
  std::vector<double> link_latency_s;
};

/// `overrides` stand in the place of the file's lists.
AstraNetwork read_astra_lists(const JsonNode& root, const AstraOverrides& overrides);

/// The same as a network whose dimensions' bandwidths are those of all links of an NPU.
NetworkFile read_astra_network(const JsonNode& root, const AstraOverrides& overrides = {});

}  // namespace sextant
