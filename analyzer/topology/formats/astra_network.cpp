#include "analyzer/topology/formats/astra_network.h"

#include "analyzer/topology/formats/network_lists.h"

namespace sextant {

namespace {

/// What ASTRA-sim calls a GB.
constexpr double kBytesPerAstraGb = 1024.0 * 1024 * 1024;
constexpr int kMostLinks = 1 << 16;
constexpr std::string_view kFirstList = "topologies-per-dim";

int read_units(const JsonNode& node) {
  if (node.raw() == 1) {
    node.fail(
        "at least 2 NPUs (a 1 is a placeholder in ASTRA-sim's files, in whose place its command "
        "line puts --units-count)");
  }
  return read_npus(node);
}

/// An override checked by `read`, as if it stood in a document.
template <typename Value, typename Read>
std::vector<Value> read_override(const std::vector<Value>& values, const char* option,
                                 std::size_t dimensions, const Read& read) {
  const JsonDocument document =
      JsonDocument::parse(nlohmann::json(values).dump(), fmt::format("option --{}", option));
  const std::vector<JsonNode> elements = document.root().elements();
  if (elements.size() != dimensions) {
    document.root().fail(fmt::format("{} values, one for each dimension", dimensions),
                         fmt::format("{}", elements.size()));
  }
  std::vector<Value> out;
  for (const JsonNode& element : elements) out.push_back(read(element));
  return out;
}

/// Option `key` of the command line if it was given, else list `key` of the file.
template <typename Value, typename Read>
std::vector<Value> read_values(const JsonNode& root, const char* key,
                               const std::optional<std::vector<Value>>& given,
                               std::size_t dimensions, const Read& read) {
  if (given) return read_override(*given, key, dimensions, read);
  std::vector<Value> out;
  for (const JsonNode& element : read_list(root, key, kFirstList, dimensions)) {
    out.push_back(read(element));
  }
  return out;
}

}  // namespace

AstraNetwork read_astra_lists(const JsonNode& root, const AstraOverrides& overrides) {
  root.only({"topology-name", "topologies-per-dim", "dimension-type", "dimensions-count",
             "units-count", "links-count", "link-latency", "link-bandwidth", "nic-latency",
             "router-latency", "hbm-latency", "hbm-bandwidth", "hbm-scale"});
  if (const auto name = root.find("topology-name")) name->one_of({"Hierarchical"});
  AstraNetwork network;
  network.dimensions = read_blocks(root, kFirstList, "dimension-type");
  const std::size_t count = network.dimensions.size();
  const JsonNode stated = root.at("dimensions-count");
  if (stated.count() != static_cast<int>(count)) {
    stated.fail(fmt::format("{}, as many as {} has", count, quote(kFirstList)));
  }
  const auto units = read_values(root, "units-count", overrides.units, count, read_units);
  for (std::size_t d = 0; d < count; ++d) network.dimensions[d].npus = units[d];
  network.links = read_values(
      root, "links-count", overrides.links, count,
      [](const JsonNode& node) { return static_cast<int>(node.integer(1, kMostLinks)); });
  network.link_bytes_per_s =
      read_values(root, "link-bandwidth", overrides.link_bandwidth_gib_per_s, count,
                  [](const JsonNode& node) { return read_gb_per_s(node); });
  for (double& bandwidth : network.link_bytes_per_s) bandwidth *= kBytesPerAstraGb;
  network.link_latency_s =
      read_values(root, "link-latency", overrides.link_latency_ns, count,
                  [](const JsonNode& node) { return bounded(node, kMostLatencyNs); });
  for (double& latency : network.link_latency_s) latency /= kNsPerS;
  return network;
}

NetworkFile read_astra_network(const JsonNode& root, const AstraOverrides& overrides) {
  const AstraNetwork astra = read_astra_lists(root, overrides);
  NetworkFile network;
  network.topology.dimensions = astra.dimensions;
  for (std::size_t d = 0; d < astra.links.size(); ++d) {
    network.bandwidth_bytes_per_s.push_back(astra.links[d] * astra.link_bytes_per_s[d]);
  }
  network.latency_s = astra.link_latency_s;
  return network;
}

}  // namespace sextant
