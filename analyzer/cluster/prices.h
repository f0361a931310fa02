#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "analyzer/cluster/cluster.h"

namespace sextant {

/// Stands for every zone that has no entry of its own.
inline constexpr std::string_view kAnyZone = "*";

/// Whether a GPU is paid on demand, or for less as long as nobody else wants it.
enum class Tariff { kOnDemand, kSpot };

/// USD for one GPU and hour, its share of the machine included.
struct GpuPrice {
  double on_demand = 0;
  std::optional<double> spot;
};

/// What a provider asked on a day; document kind `prices`.
struct PriceList {
  std::string file;
  std::string date;  ///< ISO
  std::string source;
  std::map<std::pair<std::string, std::string>, GpuPrice> gpus;  ///< by type and zone
  /// USD a byte by zones, from and to.
  std::map<std::pair<std::string, std::string>, double> egress_usd_per_byte;

  /// The price of the zone itself, else that of any zone; null where there is neither.
  const GpuPrice* gpu(const std::string& type, const std::string& zone) const;
  /// The entry of both zones, else that of the sending zone to any, of any to the receiving zone,
  /// of any to any, in this order. Entries of any zone are not about traffic inside a zone.
  std::optional<double> egress(const std::string& from, const std::string& to) const;
};

/// Reads document `prices`. GPU types become their canonical names by `resolve`; one that it does
/// not know keeps its name. Throws Error(kBadInput) with file and place.
PriceList read_prices(const std::filesystem::path& path, const GpuResolver& resolve);

/// Puts the list's prices, date and source in the place of the cluster's. What the list lacks stays
/// as it was, which is noted; GPUs without a spot price count at the on-demand one. Throws
/// Error(kBadInput) where the list has no price of any pool, or a spot price of none although that
/// tariff is asked for.
void apply_prices(const PriceList& prices, Tariff tariff, Cluster& cluster);

/// Throws Error(kBadInput) naming the pools whose GPUs have no price: what `need` names
/// ("objective cost") would take them for free.
void require_prices(const Cluster& cluster, std::string_view need);

}  // namespace sextant
