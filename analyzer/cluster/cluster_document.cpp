#include "analyzer/cluster/cluster_document.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/iso_date.h"
#include "analyzer/network/network_document.h"
#include "analyzer/network/sailor_network.h"

namespace sextant {

namespace {

constexpr int kMostGpus = 10'000'000;
constexpr int kMostGpusPerNode = 1024;
constexpr double kBytesPerGb = 1e9;

/// Stands where a cluster says nothing of its network.
class NoNetwork : public Network {
 public:
  explicit NoNetwork(std::string cluster) : cluster_(std::move(cluster)) {}

  LinkModel between(const LinkEnd& from, const LinkEnd& to) const override {
    throw_bad_input(
        fmt::format("{}: has no network, and a link from {} of {} in {} to {} of {} in "
                    "{} is needed; add the member \"network\"",
                    cluster_, from.count, quote(from.gpu), quote(from.zone), to.count,
                    quote(to.gpu), quote(to.zone)));
  }
  std::string describe() const override { return "none"; }

 private:
  std::string cluster_;
};

double memory_bytes(const JsonNode& node) {
  constexpr double kLeast = 1e8;
  constexpr double kMost = 1e14;
  const double bytes = node.positive();
  if (bytes < kLeast) {
    node.fail("bytes of memory of one GPU", fmt::format("{}, which looks like GB or MB", bytes));
  }
  if (bytes > kMost) node.fail("bytes of memory of one GPU, at most 1e14");
  return bytes;
}

double usd_per_gpu_hour(const JsonNode& node) {
  constexpr double kMost = 10'000;
  const double usd = node.non_negative();
  if (usd > kMost) node.fail("USD for one GPU and hour, at most 10,000");
  return usd;
}

class ClusterReader {
 public:
  ClusterReader(const JsonDocument& document, const GpuResolver& resolve)
      : document_(document), resolve_(resolve) {}

  Cluster read() {
    const JsonNode root = document_.root_of_kind("cluster", 1);
    root.only({"schema", "name", "notes", "pools", "prices", "network"});
    cluster_.name = root.at("name").name();
    if (const auto notes = root.find("notes")) {
      for (const JsonNode& note : notes->elements()) cluster_.notes.push_back(note.string());
    }
    const JsonNode pools = root.at("pools");
    if (pools.elements().empty()) pools.fail("at least one pool of GPUs");
    for (const JsonNode& pool : pools.elements()) add_pool(pool);
    if (const auto prices = root.find("prices")) read_prices(*prices);
    read_network_of(root);
    return std::move(cluster_);
  }

 private:
  void add_pool(const JsonNode& node) {
    node.only({"gpu", "zone", "nodes", "count", "gpus_per_node", "nics_per_node", "memory_bytes",
               "usd_per_gpu_hour", "quota"});
    GpuPool pool;
    pool.gpu = node.at("gpu").name();
    pool.zone = node.at("zone").name();
    const GpuDefaults defaults = defaults_of(node);
    pool.gpu = defaults.name;
    if (cluster_.find(pool.gpu, pool.zone) != nullptr) {
      node.fail("one pool for each GPU type and zone",
                fmt::format("a second of {} in {}", quote(pool.gpu), quote(pool.zone)));
    }
    pool.gpus_per_node = static_cast<int>(node.at("gpus_per_node").integer(1, kMostGpusPerNode));
    pool.count = count_of(node, pool.gpus_per_node);
    if (const auto quota = node.find("quota")) {
      pool.quota = static_cast<int>(quota->integer(0, kMostGpus));
      pool.count = std::min(pool.count, *pool.quota);
    }
    if (const auto nics = node.find("nics_per_node")) {
      pool.nics_per_node = static_cast<int>(nics->integer(1, kMostGpusPerNode));
    }
    const auto memory = node.find("memory_bytes");
    pool.memory_bytes = memory ? memory_bytes(*memory) : defaults.memory_bytes;
    if (pool.memory_bytes <= 0) {
      node.fail(fmt::format("the member \"memory_bytes\" (nothing is known of {})", pool.gpu),
                "none");
    }
    const auto price = node.find("usd_per_gpu_hour");
    pool.usd_per_hour = price ? usd_per_gpu_hour(*price) : defaults.usd_per_hour;
    if (!price && pool.usd_per_hour <= 0) note_missing_price(cluster_, pool.gpu);
    total_ += pool.count;
    if (total_ > kMostGpus) node.fail(fmt::format("at most {} GPUs in all", kMostGpus), "more");
    cluster_.pools.push_back(std::move(pool));
  }

  /// A type that nobody has written a data sheet for is legal where the pool says itself what the
  /// sheet would: what people profile is often newer than any table.
  GpuDefaults defaults_of(const JsonNode& pool) {
    const JsonNode gpu = pool.at("gpu");
    GpuDefaults unknown;
    unknown.name = gpu.name();
    if (!resolve_) return unknown;
    try {
      return resolve_(gpu.name());
    } catch (const Error& error) {
      if (!pool.has("memory_bytes") || !pool.has("usd_per_gpu_hour")) {
        gpu.fail("a known GPU type, or memory_bytes and usd_per_gpu_hour beside an unknown one",
                 error.message());
      }
      cluster_.notes.push_back(
          fmt::format("{} is no known GPU type; it is what the document says", quote(gpu.name())));
      return unknown;
    }
  }

  /// GPUs, stated as such or as nodes; where both stand they must agree.
  int count_of(const JsonNode& node, int gpus_per_node) const {
    const auto gpus = node.find("count");
    const auto nodes = node.find("nodes");
    if (!gpus && !nodes) node.fail("the member \"count\" (GPUs) or \"nodes\"", "neither");
    const auto whole = nodes ? nodes->integer(0, kMostGpus / gpus_per_node) : 0;
    if (!gpus) return static_cast<int>(whole) * gpus_per_node;
    const int count = static_cast<int>(gpus->integer(0, kMostGpus));
    if (nodes && (count + gpus_per_node - 1) / gpus_per_node != whole) {
      nodes->fail(fmt::format("the {} nodes that {} GPUs at {} a node fill",
                              (count + gpus_per_node - 1) / gpus_per_node, count, gpus_per_node));
    }
    return count;
  }

  void read_prices(const JsonNode& node) {
    node.only({"date", "source", "egress_usd_per_gb"});
    if (const auto date = node.find("date")) cluster_.price_date = read_iso_date(*date);
    if (const auto source = node.find("source")) cluster_.price_source = source->string();
    const auto egress = node.find("egress_usd_per_gb");
    if (!egress) return;
    for (const auto& [from, zones] : egress->members()) {
      check_zone(from, zones);
      for (const auto& [to, usd] : zones.members()) {
        check_zone(to, usd);
        cluster_.egress_usd_per_byte[{from, to}] = usd.non_negative() / kBytesPerGb;
      }
    }
  }

  void check_zone(const std::string& zone, const JsonNode& place) const {
    std::vector<std::string> known;
    for (const GpuPool& pool : cluster_.pools) {
      if (pool.zone == zone) return;
      known.push_back(pool.zone);
    }
    const std::string near = nearest_name(zone, known);
    place.fail("a zone of one of the pools",
               fmt::format("{}{}", quote(zone),
                           near.empty() ? "" : fmt::format(" (did you mean {}?)", quote(near))));
  }

  void read_network_of(const JsonNode& root) {
    const auto node = root.find("network");
    const std::filesystem::path folder = std::filesystem::path(document_.file()).parent_path();
    if (!node) {
      cluster_.network = std::make_shared<NoNetwork>(document_.file());
    } else if (node->is_string()) {
      cluster_.network = read_network((folder / node->string()).lexically_normal());
    } else if (node->has("artifact")) {
      node->only({"artifact"});
      cluster_.network =
          read_sailor_network((folder / node->at("artifact").string()).lexically_normal());
    } else {
      cluster_.network = std::make_shared<NetworkDocument>(*node);
    }
  }

  const JsonDocument& document_;
  const GpuResolver& resolve_;
  Cluster cluster_;
  int total_ = 0;
};

}  // namespace

Cluster read_cluster(const std::filesystem::path& path, const GpuResolver& resolve) {
  const JsonDocument document = JsonDocument::read(path);
  return ClusterReader(document, resolve).read();
}

OrderedJson to_json(const Cluster& cluster, OrderedJson network) {
  OrderedJson out;
  out["schema"] = schema_id("cluster");
  out["name"] = cluster.name;
  if (!cluster.notes.empty()) out["notes"] = cluster.notes;
  std::set<std::string> zones;
  OrderedJson& pools = out["pools"] = OrderedJson::array();
  for (const GpuPool& pool : cluster.pools) {
    zones.insert(pool.zone);
    OrderedJson entry;
    entry["gpu"] = pool.gpu;
    entry["zone"] = pool.zone;
    entry["count"] = pool.count;
    entry["gpus_per_node"] = pool.gpus_per_node;
    if (pool.nics_per_node > 0) entry["nics_per_node"] = pool.nics_per_node;
    entry["memory_bytes"] = pool.memory_bytes;
    entry["usd_per_gpu_hour"] = pool.usd_per_hour;
    if (pool.quota) entry["quota"] = *pool.quota;
    pools.push_back(std::move(entry));
  }
  OrderedJson prices = OrderedJson::object();
  if (!cluster.price_date.empty()) prices["date"] = cluster.price_date;
  if (!cluster.price_source.empty()) prices["source"] = cluster.price_source;
  for (const auto& [pair, usd_per_byte] : cluster.egress_usd_per_byte) {
    if (zones.count(pair.first) == 0 || zones.count(pair.second) == 0) continue;
    if (usd_per_byte == 0) continue;
    // To a picodollar: 0.01, not 0.010000000000000002.
    const double usd_per_gb = std::round(usd_per_byte * kBytesPerGb * 1e12) / 1e12;
    prices["egress_usd_per_gb"][pair.first][pair.second] = usd_per_gb;
  }
  if (!prices.empty()) out["prices"] = std::move(prices);
  if (!network.is_null()) out["network"] = std::move(network);
  return out;
}

}  // namespace sextant
