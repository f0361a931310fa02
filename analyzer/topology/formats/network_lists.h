#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "analyzer/topology/formats/near_name.h"
#include "analyzer/topology/network_cost.h"
#include "analyzer/topology/topology.h"

namespace sextant {

// What published network files have in common, whether a JsonNode or a YamlNode stands there:
// parallel lists with one element for each dimension, and prices by tier.

// Of the files, over ours.
inline constexpr double kNsPerS = 1e9;

/// Larger figures are taken for ones in another unit.
inline constexpr double kMostGbPerS = 1e6;
inline constexpr double kMostLatencyNs = 1e9;
inline constexpr double kMostUsdPerGbPerS = 1e6;

/// A number in [0, most].
template <typename Node>
double bounded(const Node& node, double most) {
  const double value = node.non_negative();
  if (value > most) {
    node.fail(fmt::format("at most {:.0f}: a larger figure looks like one in another unit", most));
  }
  return value;
}

/// A bandwidth in (0, kMostGbPerS].
template <typename Node>
double read_gb_per_s(const Node& node) {
  const double value = node.number();
  if (!(value > 0)) node.fail("a bandwidth greater than zero");
  return bounded(node, kMostGbPerS);
}

/// The elements of list `key`, one for each dimension; list `first` says how many there are.
template <typename Node>
std::vector<Node> read_list(const Node& root, std::string_view key, std::string_view first,
                            std::size_t dimensions) {
  const auto& node = root.at(key);
  std::vector<Node> elements = node.elements();
  if (elements.size() != dimensions) {
    node.fail(fmt::format("as many elements as {} has, {}", quote(first), dimensions),
              fmt::format("{}", elements.size()));
  }
  return elements;
}

template <typename Node>
BuildingBlock read_block(const Node& node) {
  const std::string& name = node.string();
  const auto found = std::find(kBuildingBlockNames.begin(), kBuildingBlockNames.end(), name);
  if (found == kBuildingBlockNames.end()) {
    node.fail(fmt::format("one of {}", fmt::join(kBuildingBlockNames, ", ")),
              quote_with_nearest(name, kBuildingBlockNames));
  }
  return static_cast<BuildingBlock>(found - kBuildingBlockNames.begin());
}

template <typename Node>
int read_npus(const Node& node) {
  return static_cast<int>(node.integer(2, kMostTopologyNpus));
}

/// check(topology), with the file in the message.
inline void check_read(const Topology& topology, const std::string& file) {
  try {
    check(topology);
  } catch (Error& error) {
    throw std::move(error.in(file));
  }
}

/// Blocks and tiers of all dimensions; their NPUs are left open.
template <typename Node>
std::vector<TopologyDimension> read_blocks(const Node& root, std::string_view block_key,
                                           std::string_view tier_key) {
  std::vector<TopologyDimension> dimensions;
  for (const auto& block : root.at(block_key).elements()) {
    dimensions.push_back({0, read_block(block), ""});
  }
  const auto tiers = read_list(root, tier_key, block_key, dimensions.size());
  for (std::size_t d = 0; d < tiers.size(); ++d) dimensions[d].tier = tiers[d].name();
  return dimensions;
}

/// Names of a tier's prices in a file.
struct PriceKeys {
  std::string_view link;
  std::string_view switch_port;
  std::string_view nic;
};
inline constexpr PriceKeys kPublishedPriceKeys = {"Link", "Switch", "Nic"};

/// {tier: {link, switch, nic}} in USD per GB/s.
template <typename Node>
NetworkPrices read_prices(const Node& node, const PriceKeys& keys) {
  NetworkPrices prices;
  for (const auto& [tier, components] : node.members()) {
    components.only({keys.link, keys.switch_port, keys.nic});
    TierPrice& price = prices[tier];
    price.link = bounded(components.at(keys.link), kMostUsdPerGbPerS);
    if (const auto found = components.find(keys.switch_port)) {
      price.switch_port = bounded(*found, kMostUsdPerGbPerS);
    }
    if (const auto found = components.find(keys.nic)) {
      price.nic = bounded(*found, kMostUsdPerGbPerS);
    }
  }
  if (prices.empty()) node.fail("the prices of at least one tier");
  return prices;
}

}  // namespace sextant
