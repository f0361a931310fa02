#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "analyzer/topology/simulation/simulated_network.h"

namespace sextant {

/// What ASTRA-sim's command line puts in the place of a network file's lists, by dimension:
/// --units-count, --links-count, --link-latency and --link-bandwidth.
struct AstraOverrides {
  std::optional<std::vector<int>> units = {};
  std::optional<std::vector<int>> links = {};
  std::optional<std::vector<double>> link_latency_ns = {};
  std::optional<std::vector<double>> link_bandwidth_gib_per_s = {};  ///< its GB are 2^30 bytes
};

/// The network that ASTRA-sim's analytical back end (tag tutorial-isca2022) simulates given its
/// network JSON and system text. Throws Error(kBadInput) naming the file, the place in it, what was
/// expected and what was found; also on what the simulator does not do (another latency than the
/// links', other algorithms, several chunks at once).
SimulatedNetwork read_simulated_network(const std::filesystem::path& network_json,
                                        const std::filesystem::path& system_text,
                                        const AstraOverrides& overrides = {});

}  // namespace sextant
