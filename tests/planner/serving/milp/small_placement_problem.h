#pragma once

#include <functional>
#include <string>
#include <vector>

#include "analyzer/core/random.h"
#include "planner/serving/placement_planner.h"

namespace sextant::testing {

/// A few machines of two types around a small model, every link different.
struct SmallPlacementProblem {
  SmallPlacementProblem(int machines, int layers, std::uint64_t seed) {
    Random random(seed);
    profiles.model.name = "small";
    profiles.model.layers = layers;
    profiles.model.token_bytes = 2;
    profiles.model.activation_bytes = 1000;
    for (int type = 0; type < 2; ++type) {
      MachineType machine;
      machine.name = type == 0 ? "large" : "slow";
      machine.max_layers = type == 0 ? 4 : 3;
      machine.nic_in_bytes_per_s = 90'000;
      machine.nic_out_bytes_per_s = 120'000;
      std::vector<double> tokens_per_s = {0};
      for (int k = 1; k <= machine.max_layers; ++k) {
        tokens_per_s.push_back((type == 0 ? 150 : 70) * (0.8 + 0.4 * random.uniform()) / k);
      }
      profiles.types.push_back(std::move(machine));
      problem.throughput.push_back(std::move(tokens_per_s));
    }
    for (int i = 0; i < machines; ++i) {
      cluster.machines.push_back({"machine" + std::to_string(i), i % 2 == 0 ? "large" : "slow"});
      cluster.links.push_back({kCoordinator, i, 40 + 400 * random.uniform(), 0});
      cluster.links.push_back({i, kCoordinator, 40 + 400 * random.uniform(), 0});
      for (int j = 0; j < i; ++j) {
        cluster.links.push_back({j, i, 10'000 + 90'000 * random.uniform(), 0});
      }
    }
    problem.cluster = &cluster;
    problem.profiles = &profiles;
  }
  SmallPlacementProblem(const SmallPlacementProblem&) = delete;

  int most_layers(int machine) const {
    const std::string& type = cluster.machines[static_cast<std::size_t>(machine)].type;
    return profiles.types[static_cast<std::size_t>(profiles.type_index(type))].max_layers;
  }

  Placement draw(Random& random, bool allow_unused) const {
    Placement placement;
    for (int i = 0; i < static_cast<int>(cluster.machines.size()); ++i) {
      const int most = most_layers(i);
      const int least = allow_unused ? 0 : 1;
      const int layers =
          least + static_cast<int>(random.below(static_cast<std::uint64_t>(most - least + 1)));
      const int room = profiles.model.layers - layers;
      const int first = static_cast<int>(random.below(static_cast<std::uint64_t>(room + 1)));
      placement.push_back(layers == 0 ? LayerInterval() : LayerInterval{first, first + layers});
    }
    return placement;
  }

  /// Every placement that gives each machine a layer, or none where that is allowed.
  void each_placement(bool allow_unused, const std::function<void(const Placement&)>& visit) const {
    Placement placement(cluster.machines.size());
    const std::function<void(std::size_t)> descend = [&](std::size_t i) {
      if (i == placement.size()) return visit(placement);
      placement[i] = {};
      if (allow_unused) descend(i + 1);
      for (int layers = 1; layers <= most_layers(static_cast<int>(i)); ++layers) {
        for (int first = 0; first + layers <= profiles.model.layers; ++first) {
          placement[i] = {first, first + layers};
          descend(i + 1);
        }
      }
    };
    descend(0);
  }

  ServingCluster cluster;
  ServingProfiles profiles;
  PlacementProblem problem;
};

}  // namespace sextant::testing
