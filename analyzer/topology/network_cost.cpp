#include "analyzer/topology/network_cost.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"

namespace sextant {

namespace {

double usd_per_npu(const TopologyDimension& dimension, const TierPrice& price,
                   CostConvention convention, const std::string& place) {
  if (dimension.block == BuildingBlock::kSwitch) {
    if (!price.switch_port) {
      throw_bad_input(
          fmt::format("{}: tier {} has no price of a switch", place, quote(dimension.tier)));
    }
    return price.link + *price.switch_port + price.nic.value_or(0);
  }
  // A ring of n has n links of half an NPU's bandwidth, a clique n (n - 1) / 2 of 1 / (n - 1) of
  // it: both half a link's price an NPU where its two ends share it.
  return convention == CostConvention::kSharedLinks ? price.link / 2 : price.link;
}

}  // namespace

std::vector<double> usd_per_byte_per_s(const Topology& topology, const NetworkPrices& prices,
                                       CostConvention convention) {
  std::vector<double> usd;
  for (std::size_t d = 0; d < topology.dimensions.size(); ++d) {
    const TopologyDimension& dimension = topology.dimensions[d];
    const std::string place = fmt::format("topology {}, dimension {}", quote(topology.name), d);
    const auto price = prices.find(dimension.tier);
    if (price == prices.end()) {
      std::vector<std::string> known;
      for (const auto& [tier, _] : prices) known.push_back(tier);
      throw_bad_input(fmt::format("{}: there are no prices of tier {}; there are of: {}", place,
                                  quote(dimension.tier), fmt::join(known, ", ")));
    }
    usd.push_back(topology.npus() * usd_per_npu(dimension, price->second, convention, place) /
                  kBytesPerGb);
  }
  return usd;
}

double network_usd(std::span<const double> usd_per_byte_per_s,
                   std::span<const double> bandwidth_bytes_per_s) {
  double usd = 0;
  for (std::size_t d = 0; d < usd_per_byte_per_s.size(); ++d) {
    usd += usd_per_byte_per_s[d] * bandwidth_bytes_per_s[d];
  }
  return usd;
}

}  // namespace sextant
