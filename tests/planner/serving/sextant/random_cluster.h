#pragma once

#include <string>

#include "analyzer/core/random.h"
#include "analyzer/serving/serving_cluster.h"
#include "analyzer/serving/serving_profiles.h"

namespace sextant {

/// A machine type whose times are linear, with room for so many layers.
inline MachineType linear_type(const std::string& name, int max_layers, double speed) {
  MachineType type;
  type.name = name;
  type.prompt_s = TimeCurve({{0, 0}, {1000, 2 / speed}}, name);
  type.decode_s = TimeCurve({{0, 0}, {2, 0.1 / speed}, {512, 1 / speed}}, name);
  type.max_layers = max_layers;
  for (int k = 0; k <= max_layers; ++k) {
    type.kv_blocks.push_back(k == 0 ? 0 : 16000 * (max_layers + 1 - k) / k);
    type.prompt_max_requests.push_back(2);
    type.decode_max_requests.push_back(300);
  }
  type.vram_bytes = 24e9;
  type.nic_in_bytes_per_s = 10e9;
  type.nic_out_bytes_per_s = 10e9;
  type.disk_bytes_per_s = 1e9;
  type.typical_layers = max_layers / 2 + 1;
  type.typical_layers_if_tight = max_layers;
  type.first_layer_tokens_per_s = 30 * speed;
  return type;
}

inline ServingProfiles linear_profiles(int model_layers) {
  ServingProfiles profiles;
  profiles.model = {"linear", model_layers, 1e9, 2, 16384};
  profiles.types = {linear_type("large", 6, 4), linear_type("middle", 4, 1.5),
                    linear_type("small", 2, 1)};
  return profiles;
}

/// A complete cluster of machines of random types; a third of its links are slow.
inline ServingCluster random_cluster(int machines, Random& random) {
  const char* types[] = {"large", "middle", "small"};
  ServingCluster cluster;
  cluster.coordinator_in_bytes_per_s = 10e9;
  cluster.coordinator_out_bytes_per_s = 10e9;
  for (int i = 0; i < machines; ++i) {
    cluster.machines.push_back({"machine_" + std::to_string(i), types[random.below(3)]});
    cluster.links.push_back({kCoordinator, i, 1e8, 0.001});
    cluster.links.push_back({i, kCoordinator, 1e8, 0.001});
  }
  for (int i = 0; i < machines; ++i) {
    for (int j = i + 1; j < machines; ++j) {
      cluster.links.push_back({i, j, random.below(3) == 0 ? 5e6 : 1e9, 0.001});
    }
  }
  return cluster;
}

}  // namespace sextant
