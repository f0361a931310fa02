#pragma once

// A small training problem with round numbers, so that estimates can be worked out by hand: a model
// of four layers, one link of 1 GB/s and no latency everywhere, egress of 0.01 USD per GB between
// zones.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "analyzer/training/estimator.h"

namespace sextant {

class UniformNetwork : public Network {
 public:
  LinkModel between(const LinkEnd&, const LinkEnd&) const override {
    return LinkModel::latency_bandwidth(0, 1e9);
  }
  std::string describe() const override { return "1 GB/s everywhere"; }
};

struct SmallProblem {
  static constexpr int kLayers = 4;
  static constexpr double kLayerSeconds = 0.3;  ///< forward and backward of one sequence at tp 1
  static constexpr double kUpdateSeconds = 0.05;
  static constexpr double kParameterBytes = 1e8;   ///< of a layer
  static constexpr double kOutputBytes = 2e7;      ///< of a layer and sequence
  static constexpr double kActivationBytes = 1e9;  ///< of a layer and sequence

  SmallProblem() {
    job.model = "small";
    job.global_batch = 8;
    profile.model = "small";
    profile.layer_count = kLayers;
    profile.update_is_whole_step = true;
    cluster.network = std::make_shared<UniformNetwork>();
  }

  /// Points of a GPU type at the given degrees, for one sequence; it takes `slowness` times as long
  /// as the fastest type.
  void measure(const std::string& gpu, double slowness, const std::vector<int>& degrees) {
    for (const int tp : degrees) {
      const LayerTime time = {kLayerSeconds * slowness / tp / 3,
                              kLayerSeconds * slowness / tp * 2 / 3, kUpdateSeconds};
      profile.points[{gpu, tp, 1}].layers.assign(kLayers, time);
      profile.memory[tp].assign(
          kLayers, {kParameterBytes / tp, kOutputBytes, kOutputBytes, kActivationBytes / tp});
    }
  }

  void add(const std::string& gpu, const std::string& zone, int count, double memory_bytes = 40e9) {
    GpuPool pool;
    pool.gpu = gpu;
    pool.zone = zone;
    pool.count = count;
    pool.gpus_per_node = 4;
    pool.memory_bytes = memory_bytes;
    pool.usd_per_hour = 3600;
    for (const GpuPool& other : cluster.pools) {
      if (other.zone == zone) continue;
      cluster.egress_usd_per_byte[{zone, other.zone}] = 0.01 / 1e9;
      cluster.egress_usd_per_byte[{other.zone, zone}] = 0.01 / 1e9;
    }
    cluster.pools.push_back(std::move(pool));
  }

  TrainingProblem problem() const { return {job, profile, cluster}; }

  Job job;
  ModelProfile profile;
  Cluster cluster;
};

}  // namespace sextant
