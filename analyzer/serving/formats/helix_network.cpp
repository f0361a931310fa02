#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/serving/formats/helix_files.h"
#include "analyzer/serving/formats/ini_file.h"

namespace sextant {

namespace {

constexpr long long kMostLayerTokens = 1'000'000'000'000;
/// In the map of nodes: one that holds no layers.
constexpr int kUnused = -2;

ServedNode read_node(const IniSection& section, int machine, const LayerInterval& layers,
                     const ServingProfiles& profiles) {
  section.only({"vram_size", "inbound_nic_speed", "outbound_nic_speed", "disk_speed",
                "machine_type", "kv_cache_capacity", "activation_backup_capacity"});
  const IniValue type_value = section.at("machine_type");
  const std::string type(type_value.quoted());
  const auto known = [&](const MachineType& other) { return other.name == type; };
  if (std::none_of(profiles.types.begin(), profiles.types.end(), known)) {
    type_value.fail(
        fmt::format("a type of machine that has a profile for {}", profiles.model.name));
  }
  ServedNode node = served_node(profiles, {std::string(section.name()), type}, machine, layers);
  const auto speed = [&](const char* key) {
    return section.at(key).positive(IniQuantity::kBytesPerSecond);
  };
  section.at("vram_size").positive(IniQuantity::kBytes);
  section.at("activation_backup_capacity").integer(0, kMostLayerTokens);
  node.nic_in_bytes_per_s = speed("inbound_nic_speed");
  node.nic_out_bytes_per_s = speed("outbound_nic_speed");
  node.disk_bytes_per_s = speed("disk_speed");
  // Also where a machine holds more layers than its type's most: the artifact states it by hand.
  node.kv_capacity_layer_tokens =
      static_cast<double>(section.at("kv_cache_capacity").integer(0, kMostLayerTokens));
  return node;
}

class LinkReader {
 public:
  LinkReader(const ServedNetwork& network, const std::map<std::string, int, std::less<>>& node_of)
      : network_(network), node_of_(node_of) {}

  ServedLink read(const IniSection& section) const {
    section.only({"in", "out", "latency", "bandwidth"});
    ServedLink link;
    link.from = end(section.at("in"), "source");
    link.to = end(section.at("out"), "sink");
    if (!usable(link)) {
      section.fail("a link between machines whose layers follow each other", quote(section.name()));
    }
    link.latency_s = section.at("latency").non_negative(IniQuantity::kSeconds);
    link.bytes_per_s = section.at("bandwidth").positive(IniQuantity::kBytesPerSecond);
    return link;
  }

 private:
  int end(const IniValue& value, std::string_view coordinator) const {
    if (value.text() == coordinator) return kCoordinator;
    const auto node = node_of_.find(value.text());
    if (node == node_of_.end()) {
      value.fail(fmt::format("{} or a machine of [ComputeNodes]", coordinator));
    }
    if (node->second == kUnused) value.fail("a machine that holds layers");
    return node->second;
  }
  bool usable(const ServedLink& link) const {
    const auto layers = [&](int node) {
      return network_.nodes[static_cast<std::size_t>(node)].layers;
    };
    if (link.from == kCoordinator) return link.to != kCoordinator && layers(link.to).first == 0;
    if (link.to == kCoordinator) return layers(link.from).end == network_.profiles.model.layers;
    return connects(layers(link.from), layers(link.to), true);
  }

  const ServedNetwork& network_;
  const std::map<std::string, int, std::less<>>& node_of_;
};

}  // namespace

ServedNetwork read_helix_network(const std::filesystem::path& network_path,
                                 const std::filesystem::path& placement_path,
                                 const ServingProfiles& profiles) {
  const IniFile file = IniFile::read(network_path);
  ServedNetwork network;
  network.profiles = profiles;
  const IniSection& coordinator = file.at("Coordinator");
  coordinator.only({"inbound_nic_speed", "outbound_nic_speed"});
  network.coordinator_in_bytes_per_s =
      coordinator.at("inbound_nic_speed").positive(IniQuantity::kBytesPerSecond);
  network.coordinator_out_bytes_per_s =
      coordinator.at("outbound_nic_speed").positive(IniQuantity::kBytesPerSecond);
  file.at("MachineTypes").at("types").strings();

  const IniValue names = file.at("ComputeNodes").at("names");
  const std::vector<std::string_view> nodes = names.strings();
  if (nodes.empty()) names.fail("at least one machine");
  const Placement placement = read_helix_placement(placement_path);
  std::map<std::string, int, std::less<>> node_of;
  std::size_t next = 0;
  for (std::size_t i = 0; i < placement.size(); ++i) {
    const std::string name = fmt::format("compute_node_{}", i + kHelixNodeOffset);
    const LayerInterval& layers = placement[i];
    if (layers.end > profiles.model.layers) {
      throw_bad_input(fmt::format("{}: expected layers below {}, as {} has, found {} of {}",
                                  placement_path.string(), profiles.model.layers,
                                  profiles.model.name, layers.end - 1, name));
    }
    if (next == nodes.size() || nodes[next] != name) {
      if (!layers.empty())
        names.fail(name + ", which holds layers, at its place",
                   next == nodes.size() ? "the end of the list" : quote(nodes[next]));
      continue;
    }
    ++next;
    const ServedNode node = read_node(file.at(name), static_cast<int>(i), layers, profiles);
    node_of.emplace(name, layers.empty() ? kUnused : static_cast<int>(network.nodes.size()));
    if (!layers.empty()) network.nodes.push_back(node);
  }
  if (next < nodes.size()) {
    names.fail("machines of " + placement_path.string() + " in its order", quote(nodes[next]));
  }

  const IniValue link_names = file.at("Links").at("names");
  const LinkReader reader(network, node_of);
  std::map<std::string_view, int> listed;
  for (const std::string_view name : link_names.strings()) {
    if (++listed[name] > 1) link_names.fail("each link once", quote(name));
    network.links.push_back(reader.read(file.at(name)));
  }
  for (const IniSection& section : file.sections()) {
    const std::string_view name = section.name();
    if (name != "Coordinator" && name != "MachineTypes" && name != "ComputeNodes" &&
        name != "Links" && !node_of.contains(name) && !listed.contains(name)) {
      section.fail("a machine of [ComputeNodes] or a link of [Links]", "neither");
    }
  }
  return network;
}

}  // namespace sextant
