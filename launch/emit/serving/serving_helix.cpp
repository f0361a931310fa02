#include <algorithm>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "launch/emit/serving/serving_exporters.h"

namespace sextant {

namespace {

/// Machine 0 is the host; the others have the numbers of the artifact's simulator less 1, which are
/// their indices in the cluster plus 1.
int machine_id(const ServedNetwork& network, int node) {
  return node == kCoordinator ? 0 : network.nodes[static_cast<std::size_t>(node)].machine + 1;
}

std::string machine_text(const ServedNetwork& network, int node, const std::string& address,
                         const LayerInterval& layers) {
  std::string in;
  std::string out;
  for (const ServedLink& link : network.links) {
    if (link.to == node) in += fmt::format(" {}", machine_id(network, link.from));
    if (link.from == node) out += fmt::format(" {}", machine_id(network, link.to));
  }
  return fmt::format(
      "machine_id: {}\nip_address: {}\nin_nodes:{}\nout_nodes:{}\nstart_layer: {}\nend_layer: "
      "{}\n\n",
      machine_id(network, node), address, in, out, layers.first, layers.end);
}

/// An address ends at the end of its line, and has nothing in it that a reader would take for more.
const std::string& checked(const std::string& address) {
  const auto odd = [](unsigned char c) { return c <= ' ' || c >= 0x7f; };
  if (address.empty() || std::any_of(address.begin(), address.end(), odd)) {
    throw_bad_input(fmt::format("expected an address, found {}", quote(address)));
  }
  return address;
}

}  // namespace

void put_helix(const ServedNetwork& network, const ServingExportOptions& options,
               JobFolder& exported) {
  if (options.host_address.empty()) {
    throw_usage("Helix's prototype needs the address of its host");
  }
  std::map<std::string, std::size_t> taken;
  std::string text = machine_text(network, kCoordinator, checked(options.host_address), {-1, -1});
  for (std::size_t i = 0; i < network.nodes.size(); ++i) {
    const ServedNode& node = network.nodes[i];
    const std::string& type = network.profiles.types[static_cast<std::size_t>(node.type)].name;
    const auto found = options.addresses.find(type);
    const std::size_t given = found == options.addresses.end() ? 0 : found->second.size();
    const std::size_t index = taken[type]++;
    if (index >= given) {
      const auto needed =
          std::count_if(network.nodes.begin(), network.nodes.end(),
                        [&node](const ServedNode& other) { return other.type == node.type; });
      throw_usage(fmt::format("{} machines of type {} hold layers, addresses are given of {}",
                              needed, quote(type), given));
    }
    text += machine_text(network, static_cast<int>(i), checked(found->second[index]), node.layers);
  }
  exported.files["real_sys_config.txt"] = text;
  exported.notes.push_back(
      "real_sys_config.txt says who talks to whom; the prototype's host computes the weights "
      "itself");
  for (const ServedLink& link : network.links) {
    if (link.from == kCoordinator || link.to == kCoordinator) continue;
    if (network.nodes[static_cast<std::size_t>(link.from)].layers.end !=
        network.nodes[static_cast<std::size_t>(link.to)].layers.first) {
      exported.notes.push_back(
          "with partial inference: machines are entered amid their layers, which "
          "real_sys_config.txt leaves to the host");
      break;
    }
  }
}

}  // namespace sextant
