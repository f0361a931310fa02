#pragma once

#include <string>
#include <vector>

#include "analyzer/cluster/cluster.h"

namespace sextant::dtfm {

/// One GPU.
struct Device {
  int pool = 0;  ///< of Devices::pools
  int node = 0;  ///< counted through all pools
};

/// All GPUs of a cluster and what joins two of them. Links depend on their pools only, but for two
/// of one node.
struct Devices {
  std::vector<GpuPool> pools;  ///< those that have GPUs
  std::vector<Device> devices;
  int node_count = 0;
  /// Seconds a byte from a GPU of one pool to one of another (or of another node of the same),
  /// [from * pools + to].
  std::vector<double> between_s;
  std::vector<double> inside_s;  ///< by pool, between GPUs of one node

  int count() const { return static_cast<int>(devices.size()); }
  int pool_count() const { return static_cast<int>(pools.size()); }
  double between(int from, int to) const {
    return between_s[static_cast<std::size_t>(from) * pools.size() + static_cast<std::size_t>(to)];
  }
};

/// The published model takes the bandwidth of large messages from one GPU to one other. Throws
/// Error(kBadInput) where the network does not know a link.
Devices devices_of(const Cluster& cluster);

}  // namespace sextant::dtfm
