#include "analyzer/topology/formats/astra_files.h"

#include "analyzer/core/error.h"
#include "analyzer/topology/formats/astra_network.h"
#include "analyzer/topology/formats/astra_system.h"

namespace sextant {

namespace {

/// What adds to a message's time beside its links, which is not simulated.
void refuse_other_delays(const JsonNode& root) {
  for (const char* key : {"nic-latency", "router-latency", "hbm-scale"}) {
    const auto list = root.find(key);
    if (!list) continue;
    for (const JsonNode& element : list->elements()) {
      if (element.number() != 0) element.fail("0: only links are simulated");
    }
  }
}

}  // namespace

SimulatedNetwork read_simulated_network(const std::filesystem::path& network_json,
                                        const std::filesystem::path& system_text,
                                        const AstraOverrides& overrides) {
  const JsonDocument document = JsonDocument::read(network_json);
  const AstraNetwork lists = read_astra_lists(document.root(), overrides);
  refuse_other_delays(document.root());
  check({network_json.stem().string(), lists.dimensions});
  SimulatedNetwork network;
  for (std::size_t d = 0; d < lists.dimensions.size(); ++d) {
    SimulatedNetwork::Dimension& dimension = network.dimensions.emplace_back();
    dimension.npus = lists.dimensions[d].npus;
    dimension.block = lists.dimensions[d].block;
    dimension.links = lists.links[d];
    dimension.link_bytes_per_s = lists.link_bytes_per_s[d];
    dimension.link_latency_s = lists.link_latency_s[d];
  }
  read_astra_system(system_text, network);
  return network;
}

}  // namespace sextant
