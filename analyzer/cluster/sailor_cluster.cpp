#include "analyzer/cluster/sailor_cluster.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/json_document.h"
#include "analyzer/network/sailor_network.h"

namespace sextant {

namespace {

struct SailorGpu {
  std::string_view name;
  double memory_gib;
  double usd_per_hour;  ///< 0: the artifact has no price
};

/// Capacities of the artifact's memory check and prices of its simulator (Sailor, SOSP'25,
/// simulations/constants.py at main cf2c8e3). Its planner uses other prices, and its cluster
/// configuration gives the A100-40 and the GH-96 slightly less memory than the check does.
constexpr std::array kSailorGpus = {
    SailorGpu{"A100-40", 40, 3.673385}, SailorGpu{"A100-80", 80, 0},  SailorGpu{"GH-96", 96, 11.06},
    SailorGpu{"RTX-2080", 11, 0},       SailorGpu{"RTX-3090", 24, 0}, SailorGpu{"Titan-RTX", 24, 0},
    SailorGpu{"V100-16", 16, 2.859998},
};
constexpr double kBytesPerGib = 1024.0 * 1024.0 * 1024.0;
constexpr double kBytesPerGb = 1e9;

const SailorGpu& sailor_gpu(std::string_view name) {
  const auto* found = std::find_if(kSailorGpus.begin(), kSailorGpus.end(),
                                   [&](const SailorGpu& gpu) { return gpu.name == name; });
  if (found != kSailorGpus.end()) return *found;
  std::vector<std::string> known;
  for (const SailorGpu& gpu : kSailorGpus) known.emplace_back(gpu.name);
  throw_bad_input(fmt::format("the Sailor artifact has no GPU type {}; it knows {}", quote(name),
                              fmt::join(known, ", ")));
}

}  // namespace

SailorSite::SailorSite(const std::filesystem::path& artifact_dir)
    : network_(read_sailor_network(artifact_dir)) {
  const JsonDocument nodes = JsonDocument::read(
      artifact_dir / "sailor/Planner/simulations/configs/basic_cluster_config.json");
  for (const auto& [gpu, node] : nodes.root().members()) {
    if (gpu == "zone") continue;
    gpus_per_node_[gpu] = node.at("gpus_per_node").count();
  }
  const JsonDocument prices =
      JsonDocument::read(artifact_dir / "sailor/providers/gcp/communication_cost.json");
  for (const auto& [from, zones] : prices.root().members()) {
    for (const auto& [to, usd_per_gb] : zones.members()) {
      egress_usd_per_byte_[{from, to}] = usd_per_gb.non_negative() / kBytesPerGb;
    }
  }
}

Cluster SailorSite::cluster(const std::vector<GpuCount>& gpus) const {
  Cluster cluster = cluster_of(gpus, [this](std::string_view name) {
    const SailorGpu& known = sailor_gpu(name);
    const auto per_node = gpus_per_node_.find(std::string(name));
    if (per_node == gpus_per_node_.end()) {
      throw_bad_input(
          fmt::format("basic_cluster_config.json has no entry for {}; expected its "
                      "gpus_per_node",
                      quote(name)));
    }
    return GpuDefaults{std::string(name), known.memory_gib * kBytesPerGib, known.usd_per_hour,
                       per_node->second};
  });
  cluster.egress_usd_per_byte = egress_usd_per_byte_;
  cluster.price_source = "Sailor artifact (SOSP'25), simulations/constants.py";
  cluster.network = network_;
  return cluster;
}

}  // namespace sextant
