#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/core/json_document.h"
#include "analyzer/topology/network_cost.h"
#include "analyzer/topology/topology.h"

namespace sextant {

/// What a file says of a network beside its shape.
struct NetworkFile {
  Topology topology;
  std::optional<double> total_bytes_per_s = {};    ///< budget of each NPU
  std::vector<double> bandwidth_bytes_per_s = {};  ///< by dimension; empty: it does not say
  std::vector<double> latency_s = {};              ///< of one link, by dimension; likewise
  std::optional<NetworkPrices> prices = {};
  /// Ours says; the artifact's and the release's networks imply their own tool's.
  std::optional<CostConvention> convention = {};
  std::string source = {};  ///< of the figures, in words
};

/// Reads our document `topology`, the network JSON of LIBRA's artifact (SC'22), the YAML of its
/// release (ISPASS'24) or ASTRA-sim's network JSON, whichever the content is. Where the file has no
/// name for the network, its own name is taken. Throws Error(kBadInput) naming the file, the place
/// in it, what was expected and what was found.
NetworkFile read_network_file(const std::filesystem::path& path);

/// Prices of tiers from the artifact's JSON, the release's YAML or our document `topology`, USD per
/// GB/s. Throws Error(kBadInput) likewise.
NetworkPrices read_network_prices(const std::filesystem::path& path);

/// Document `topology` of a network.
OrderedJson to_json(const NetworkFile& network);

}  // namespace sextant
