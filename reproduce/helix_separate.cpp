#include "reproduce/helix_separate.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "analyzer/serving/formats/helix_files.h"
#include "planner/serving/heuristics/heuristic_networks.h"

namespace sextant {

namespace {

/// KV caches that the artifact's authors wrote by hand for machines with more layers than profiles
/// have: those of the single cluster, in tokens times layers by type and layers.
std::optional<double> recorded_capacity(const HelixArtifact& artifact, const std::string& type,
                                        int layers) {
  const std::filesystem::path folder =
      artifact.root() / "placements/single/layout_llama70b/separate" / lower_case(type);
  const std::filesystem::path network = folder.string() + "_simulator_cluster.ini";
  if (!std::filesystem::exists(network)) return std::nullopt;
  const ServedNetwork recorded =
      read_helix_network(network, folder.string() + "_solution_file.ini", artifact.profiles());
  for (const ServedNode& node : recorded.nodes) {
    if (node.layers.layers() == layers) return node.kv_capacity_layer_tokens;
  }
  return std::nullopt;
}

}  // namespace

ServedNetwork helix_pipeline(const HelixArtifact& artifact,
                             const std::vector<std::string>& machine_types) {
  const ServingCluster& cluster = artifact.cluster();
  const ServingProfiles& profiles = artifact.profiles();
  std::vector<std::size_t> machines;
  for (const std::string& type : machine_types) {
    for (std::size_t m = 0; m < cluster.machines.size(); ++m) {
      if (cluster.machines[m].type == type) machines.push_back(m);
    }
  }
  Placement placement(cluster.machines.size());
  const int count = static_cast<int>(machines.size());
  for (int m = 0; m < count; ++m) {
    placement[machines[static_cast<std::size_t>(m)]] = {profiles.model.layers * m / count,
                                                        profiles.model.layers * (m + 1) / count};
  }
  ServedNetwork network = served_network(cluster, profiles, placement, false);
  for (ServedNode& node : network.nodes) {
    const MachineType& type = profiles.types[static_cast<std::size_t>(node.type)];
    const int layers = node.layers.layers();
    if (layers <= type.max_layers) continue;
    node.kv_capacity_layer_tokens = recorded_capacity(artifact, type.name, layers)
                                        .value_or(extrapolated_kv_layer_tokens(type, layers));
    if (node.kv_capacity_layer_tokens <= 0) {
      throw_infeasible(fmt::format("{} layers leave a {} no KV cache", layers, type.name));
    }
  }
  return network;
}

}  // namespace sextant
