#include "analyzer/topology/formats/network_files.h"

#include "analyzer/core/files.h"
#include "analyzer/topology/formats/astra_network.h"
#include "analyzer/topology/formats/network_lists.h"
#include "analyzer/topology/formats/topology_document.h"
#include "analyzer/topology/formats/yaml_node.h"

namespace sextant {

namespace {

/// Of the parallel lists that the artifact's JSON and the release's YAML hold.
template <typename Node>
Topology read_lists(const Node& root, std::string_view block_key, std::string_view npus_key,
                    std::string_view tier_key) {
  Topology topology;
  topology.dimensions = read_blocks(root, block_key, tier_key);
  const auto npus = read_list(root, npus_key, block_key, topology.dimensions.size());
  for (std::size_t d = 0; d < npus.size(); ++d) topology.dimensions[d].npus = read_npus(npus[d]);
  return topology;
}

/// The artifact's (SC'22); its optimizer counts a link once for both ends.
NetworkFile read_artifact_network(const JsonNode& root) {
  root.only({"total-bandwidth", "npus-count", "topology", "network-type"});
  NetworkFile network;
  network.topology = read_lists(root, "topology", "npus-count", "network-type");
  if (const auto total = root.find("total-bandwidth")) {
    network.total_bytes_per_s = kBytesPerGb * read_gb_per_s(*total);
  }
  network.convention = CostConvention::kSharedLinks;
  return network;
}

/// The release's (ISPASS'24); its cost model counts a link for each end.
NetworkFile read_release_network(const YamlNode& root) {
  root.only({"Topology", "NpusCount", "CostDimension"});
  NetworkFile network;
  network.topology = read_lists(root, "Topology", "NpusCount", "CostDimension");
  network.convention = CostConvention::kOwnLinks;
  return network;
}

NetworkFile read_json_network(const JsonDocument& document) {
  const JsonNode root = document.root();
  if (root.has("schema")) return read_topology_document(document);
  if (root.has("topologies-per-dim") || root.has("dimensions-count")) {
    return read_astra_network(root);
  }
  if (root.has("topology") || root.has("npus-count") || root.has("network-type")) {
    return read_artifact_network(root);
  }
  root.fail(
      "a network: a \"schema\" of kind topology, LIBRA's \"topology\" and \"npus-count\", or "
      "ASTRA-sim's \"topologies-per-dim\"",
      "none of these members");
}

NetworkPrices read_json_prices(const JsonDocument& document) {
  const JsonNode root = document.root();
  if (!root.has("schema")) return read_prices(root, kPublishedPriceKeys);
  NetworkFile network = read_topology_document(document);
  if (!network.prices) root.fail("the member \"prices\"", "none");
  return *std::move(network.prices);
}

/// Calls `json` or `yaml` with the content of a file, whichever it is.
template <typename OfJson, typename OfYaml>
auto read_either(const std::filesystem::path& path, const OfJson& json, const OfYaml& yaml) {
  const std::string text = read_file(path);
  const std::size_t first = text.find_first_not_of("\xEF\xBB\xBF \t\r\n");
  if (first == std::string::npos) {
    throw_bad_input(fmt::format("{}: is empty; expected JSON or YAML", path.string()));
  }
  // Flow style would be YAML too; none of the YAML that is read here begins so.
  if (text[first] != '{' && text[first] != '[') return yaml(YamlNode::parse(text, path.string()));
  const JsonDocument document = JsonDocument::parse(text, path.string());
  return json(document);
}

}  // namespace

NetworkFile read_network_file(const std::filesystem::path& path) {
  NetworkFile network = read_either(path, read_json_network, read_release_network);
  if (network.topology.name.empty()) network.topology.name = path.stem().string();
  try {
    check(network.topology);
  } catch (Error& error) {
    throw std::move(error.in(path.string()));
  }
  return network;
}

NetworkPrices read_network_prices(const std::filesystem::path& path) {
  return read_either(path, read_json_prices,
                     [](const YamlNode& root) { return read_prices(root, kPublishedPriceKeys); });
}

}  // namespace sextant
