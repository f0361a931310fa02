#pragma once

#include <array>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/topology/topology.h"

namespace sextant {

/// What one link of a tier costs, in USD per GB/s (decimal) of its bandwidth.
struct TierPrice {
  double link = 0;
  std::optional<double> switch_port = {};
  std::optional<double> nic = {};
};
using NetworkPrices = std::map<std::string, TierPrice>;

/// How links of rings and fully connected blocks are counted. They differ by a factor of two there
/// and agree on switches.
enum class CostConvention {
  kSharedLinks,  ///< LIBRA's artifact (SC'22): a link serves both of its ends, half a link an NPU
  kOwnLinks,     ///< LIBRA's release (ISPASS'24): each NPU has a link of its own
};
inline constexpr std::array<std::string_view, 2> kCostConventionNames = {"shared-links",
                                                                         "own-links"};
constexpr std::string_view to_string(CostConvention convention) {
  return kCostConventionNames[static_cast<std::size_t>(convention)];
}

/// USD of the whole network for each byte/s that every NPU has in dimension d, so that the network
/// costs sum_d usd[d] * bandwidth_d. A switch dimension is one switch a block: a link, a switch
/// port and, where the tier has a price for it, a NIC for each NPU. Throws Error(kBadInput), naming
/// the dimension, on a tier without prices, and on a switch in a tier that has no price for one.
std::vector<double> usd_per_byte_per_s(const Topology& topology, const NetworkPrices& prices,
                                       CostConvention convention);

/// sum_d usd[d] * bandwidth_d.
double network_usd(std::span<const double> usd_per_byte_per_s,
                   std::span<const double> bandwidth_bytes_per_s);

}  // namespace sextant
