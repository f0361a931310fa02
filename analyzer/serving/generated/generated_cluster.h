#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/serving/serving_cluster.h"

namespace sextant {

/// A figure of a link is drawn uniformly from mean - spread to mean + spread.
struct LinkSpread {
  double bytes_per_s = 1e9;
  double bytes_per_s_spread = 0;
  double latency_s = 1e-3;
  double latency_s_spread = 0;
};

struct MachineCount {
  std::string type;
  int count = 0;
};

/// A cluster, and the comments that stand before its file (helix_cluster_text).
struct GeneratedCluster {
  ServingCluster cluster;
  std::string heading;
};

/// NICs of the coordinator, as in the artifact's machine_profiles.ini.
inline constexpr double kCoordinatorNicBytesPerS = 10e9;
/// What random numbers are drawn for at most.
inline constexpr int kMostGeneratedMachines = 1 << 14;

/// Machines in a random order, links alike between all of them and to the coordinator.
struct MixedClusterOptions {
  std::vector<MachineCount> machines;
  LinkSpread links;
  std::uint32_t seed = 0;
};

/// Regions with fast links inside. Links between them, and all of the coordinator, are slow.
struct RegionalClusterOptions {
  std::vector<std::vector<MachineCount>> regions;  ///< machines in this order
  LinkSpread inside = {1.25e9, 125e6, 1e-3, 0};
  LinkSpread across = {12.5e6, 2.5e6, 50e-3, 10e-3};
  std::uint32_t seed = 0;
};

// Clusters as Helix's artifact generates them (FakeClusterGenerator and
// PartitionedClusterGenerator), with its draws and its rounding: bandwidths lose what a file does
// not show, latencies of a millisecond or more the fraction of it. Throw Error(kBadInput) where
// there is no machine, where there are too many, or where a spread allows for a bandwidth of 0 or a
// latency below 0.

GeneratedCluster generate_mixed_cluster(const MixedClusterOptions& options);
GeneratedCluster generate_regional_cluster(const RegionalClusterOptions& options);

/// The artifact's own: 4 A100, 12 T4 and 8 L4 side by side; the same in three regions; 42 machines
/// of seven types side by side.
MixedClusterOptions helix_single_cluster();
RegionalClusterOptions helix_geo_cluster();
MixedClusterOptions helix_heterogeneous_cluster();

}  // namespace sextant
