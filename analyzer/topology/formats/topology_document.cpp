#include "analyzer/topology/formats/topology_document.h"

#include <cmath>

#include "analyzer/topology/formats/network_lists.h"

namespace sextant {

namespace {

constexpr PriceKeys kPriceKeys = {"link", "switch", "nic"};
/// Bandwidths are written with few digits; their sum is not held against the total more closely.
constexpr double kSumTolerance = 1e-3;

void check_total(const JsonNode& total, const NetworkFile& network) {
  double sum = 0;
  for (const double bandwidth : network.bandwidth_bytes_per_s) sum += bandwidth;
  if (!network.bandwidth_bytes_per_s.empty() &&
      std::abs(sum - *network.total_bytes_per_s) > kSumTolerance * sum) {
    total.fail(fmt::format("the sum of \"bandwidth_gb_per_s\", {:.6g}", sum / kBytesPerGb));
  }
}

}  // namespace

NetworkFile read_topology_document(const JsonDocument& document) {
  const JsonNode root = document.root_of_kind("topology", 1);
  const bool lenient = has_newer_minor(root);
  expect_known(root, lenient,
               {"schema", "name", "source", "dimensions", "total_gb_per_s", "bandwidth_gb_per_s",
                "latency_ns", "prices", "cost_convention"});
  NetworkFile network;
  network.topology.name = root.at("name").name();
  if (const auto source = root.find("source")) network.source = source->string();
  for (const JsonNode& dimension : root.at("dimensions").elements()) {
    expect_known(dimension, lenient, {"npus", "block", "tier"});
    network.topology.dimensions.push_back({read_npus(dimension.at("npus")),
                                           read_block(dimension.at("block")),
                                           dimension.at("tier").name()});
  }
  const std::size_t count = network.topology.dimensions.size();
  if (root.find("bandwidth_gb_per_s")) {
    for (const JsonNode& value : read_list(root, "bandwidth_gb_per_s", "dimensions", count)) {
      // A dimension that no group uses may have none.
      network.bandwidth_bytes_per_s.push_back(
          value.raw() == 0 ? 0 : kBytesPerGb * read_gb_per_s(value));
    }
  }
  if (const auto total = root.find("total_gb_per_s")) {
    network.total_bytes_per_s = kBytesPerGb * read_gb_per_s(*total);
    check_total(*total, network);
  }
  if (root.find("latency_ns")) {
    for (const JsonNode& value : read_list(root, "latency_ns", "dimensions", count)) {
      network.latency_s.push_back(bounded(value, kMostLatencyNs) / kNsPerS);
    }
  }
  if (const auto prices = root.find("prices")) network.prices = read_prices(*prices, kPriceKeys);
  if (const auto convention = root.find("cost_convention")) {
    network.convention = static_cast<CostConvention>(convention->one_of(kCostConventionNames));
  }
  return network;
}

OrderedJson to_json(const NetworkFile& network) {
  OrderedJson out;
  out["schema"] = schema_id("topology");
  out["name"] = network.topology.name;
  if (!network.source.empty()) out["source"] = network.source;
  OrderedJson& dimensions = out["dimensions"] = OrderedJson::array();
  for (const TopologyDimension& dimension : network.topology.dimensions) {
    dimensions.push_back({{"npus", dimension.npus},
                          {"block", to_string(dimension.block)},
                          {"tier", dimension.tier}});
  }
  if (network.total_bytes_per_s) out["total_gb_per_s"] = *network.total_bytes_per_s / kBytesPerGb;
  for (const double bandwidth : network.bandwidth_bytes_per_s) {
    out["bandwidth_gb_per_s"].push_back(bandwidth / kBytesPerGb);
  }
  for (const double latency : network.latency_s) out["latency_ns"].push_back(latency * kNsPerS);
  if (network.prices) {
    for (const auto& [tier, price] : *network.prices) {
      OrderedJson& components = out["prices"][tier];
      components["link"] = price.link;
      if (price.switch_port) components["switch"] = *price.switch_port;
      if (price.nic) components["nic"] = *price.nic;
    }
  }
  if (network.convention) out["cost_convention"] = to_string(*network.convention);
  return out;
}

}  // namespace sextant
