#include "analyzer/cluster/prices.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "analyzer/core/iso_date.h"
#include "analyzer/core/json_document.h"

namespace sextant {

namespace {

constexpr double kBytesPerGb = 1e9;

/// More than any list has asked; it is of a machine, of a month or in another currency.
double usd_per_gpu_hour(const JsonNode& node) {
  constexpr double kMost = 10'000;
  const double usd = node.positive();
  if (usd > kMost) node.fail("USD for one GPU and hour, at most 10,000");
  return usd;
}

std::string canonical(const JsonNode& node, const GpuResolver& resolve) {
  const std::string& name = node.name();
  if (!resolve) return name;
  try {
    return resolve(name).name;
  } catch (const Error&) {
    return name;  // a cluster may have types that no data sheet is shipped of
  }
}

void read_gpu(const JsonNode& node, const GpuResolver& resolve, PriceList& out) {
  node.only({"gpu", "zone", "usd_per_gpu_hour", "spot_usd_per_gpu_hour", "source"});
  const std::string gpu = canonical(node.at("gpu"), resolve);
  const std::string& zone = node.at("zone").name();
  GpuPrice price;
  price.on_demand = usd_per_gpu_hour(node.at("usd_per_gpu_hour"));
  if (const auto spot = node.find("spot_usd_per_gpu_hour")) price.spot = usd_per_gpu_hour(*spot);
  if (const auto source = node.find("source")) source->string();
  if (!out.gpus.emplace(std::pair(gpu, zone), price).second) {
    node.fail("one price for each GPU type and zone",
              fmt::format("a second of {} in {}", quote(gpu), quote(zone)));
  }
}

void read_egress(const JsonNode& node, PriceList& out) {
  for (const auto& [from, zones] : node.members()) {
    for (const auto& [to, usd_per_gb] : zones.members()) {
      out.egress_usd_per_byte[{from, to}] = usd_per_gb.non_negative() / kBytesPerGb;
    }
  }
}

std::string pool_name(const GpuPool& pool) {
  return fmt::format("{}@{}", pool.gpu, pool.zone);
}

/// The note on a GPU type without price, as note_missing_price() words it.
std::string missing_price_note(const std::string& gpu) {
  Cluster cluster;
  note_missing_price(cluster, gpu);
  return cluster.notes.front();
}

void renew_missing_price_notes(Cluster& cluster) {
  for (const GpuPool& pool : cluster.pools) {
    std::erase(cluster.notes, missing_price_note(pool.gpu));
  }
  for (const GpuPool& pool : cluster.pools) {
    if (pool.usd_per_hour <= 0) note_missing_price(cluster, pool.gpu);
  }
}

void apply_gpu_prices(const PriceList& prices, Tariff tariff, Cluster& cluster) {
  std::vector<std::string> unnamed;
  std::vector<std::string> without_spot;
  for (GpuPool& pool : cluster.pools) {
    const GpuPrice* price = prices.gpu(pool.gpu, pool.zone);
    if (price == nullptr) {
      unnamed.push_back(pool_name(pool));
      continue;
    }
    if (tariff == Tariff::kSpot && !price->spot) without_spot.push_back(pool_name(pool));
    pool.usd_per_hour =
        tariff == Tariff::kSpot ? price->spot.value_or(price->on_demand) : price->on_demand;
  }
  const std::size_t named = cluster.pools.size() - unnamed.size();
  if (named == 0) {
    throw_bad_input(fmt::format("{}: expected a price of some GPU of cluster {}, found none of {}",
                                prices.file, quote(cluster.name), fmt::join(unnamed, ", ")));
  }
  if (without_spot.size() == named && tariff == Tariff::kSpot) {
    throw_bad_input(
        fmt::format("{}: expected a spot price of some GPU of cluster {}, found none "
                    "of {}",
                    prices.file, quote(cluster.name), fmt::join(without_spot, ", ")));
  }
  if (!unnamed.empty()) {
    cluster.notes.push_back(fmt::format("{} has no price of {}: the cluster's own counts",
                                        prices.file, fmt::join(unnamed, ", ")));
  }
  if (!without_spot.empty()) {
    cluster.notes.push_back(fmt::format("{} has no spot price of {}: the on-demand price counts",
                                        prices.file, fmt::join(without_spot, ", ")));
  }
  renew_missing_price_notes(cluster);
}

void apply_egress_prices(const PriceList& prices, Cluster& cluster) {
  std::vector<std::string> unnamed;
  for (const GpuPool& from : cluster.pools) {
    for (const GpuPool& to : cluster.pools) {
      if (const auto usd = prices.egress(from.zone, to.zone)) {
        cluster.egress_usd_per_byte[{from.zone, to.zone}] = *usd;
      } else if (from.zone != to.zone) {
        std::string pair = fmt::format("{} to {}", from.zone, to.zone);
        if (std::find(unnamed.begin(), unnamed.end(), pair) == unnamed.end()) {
          unnamed.push_back(std::move(pair));
        }
      }
    }
  }
  if (unnamed.empty()) return;
  cluster.notes.push_back(fmt::format("{} has no egress price from {}: the cluster's own counts",
                                      prices.file, fmt::join(unnamed, ", ")));
}

}  // namespace

const GpuPrice* PriceList::gpu(const std::string& type, const std::string& zone) const {
  for (const std::string& place : {zone, std::string(kAnyZone)}) {
    const auto found = gpus.find({type, place});
    if (found != gpus.end()) return &found->second;
  }
  return nullptr;
}

std::optional<double> PriceList::egress(const std::string& from, const std::string& to) const {
  const std::string any(kAnyZone);
  const std::pair<std::string, std::string> entries[] = {
      {from, to}, {from, any}, {any, to}, {any, any}};
  for (const auto& entry : entries) {
    const auto found = egress_usd_per_byte.find(entry);
    if (found != egress_usd_per_byte.end()) return found->second;
    if (from == to) return std::nullopt;
  }
  return std::nullopt;
}

PriceList read_prices(const std::filesystem::path& path, const GpuResolver& resolve) {
  const JsonDocument document = JsonDocument::read(path);
  const JsonNode root = document.root_of_kind("prices", 1);
  root.only({"schema", "date", "source", "gpus", "egress_usd_per_gb"});
  PriceList out;
  out.file = document.file();
  out.date = read_iso_date(root.at("date"));
  out.source = root.at("source").name();
  const JsonNode gpus = root.at("gpus");
  for (const JsonNode& gpu : gpus.elements()) read_gpu(gpu, resolve, out);
  if (out.gpus.empty()) gpus.fail("at least one price of a GPU");
  if (const auto egress = root.find("egress_usd_per_gb")) read_egress(*egress, out);
  return out;
}

void apply_prices(const PriceList& prices, Tariff tariff, Cluster& cluster) {
  apply_gpu_prices(prices, tariff, cluster);
  apply_egress_prices(prices, cluster);
  cluster.price_date = prices.date;
  cluster.price_source = prices.source;
  if (tariff == Tariff::kSpot) {
    cluster.price_source += " (spot)";
    cluster.notes.push_back(
        "spot GPUs may be taken away at any time; sextant plan --availability plans for that");
  }
}

void require_prices(const Cluster& cluster, std::string_view need) {
  std::vector<std::string> missing;
  for (const GpuPool& pool : cluster.pools) {
    if (pool.count > 0 && pool.usd_per_hour <= 0) missing.push_back(pool_name(pool));
  }
  if (missing.empty()) return;
  throw_bad_input(fmt::format(
      "cluster {}: prices missing: {} needs what an hour of every GPU costs, and there is no price "
      "of {}; name one in the cluster's usd_per_gpu_hour or with --prices",
      quote(cluster.name), need, fmt::join(missing, ", ")));
}

}  // namespace sextant
