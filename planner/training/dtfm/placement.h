#pragma once

#include <cstddef>
#include <vector>

#include "planner/training/dtfm/devices.h"

namespace sextant::dtfm {

/// Which devices make up each partition, that is the replicas of one stage. Partitions are of one
/// size; the order of their members is that of the replicas.
using Placement = std::vector<std::vector<int>>;

/// How many devices of a placement's partition lie in each pool and in each node.
struct Census {
  std::vector<int> in_pool;
  std::vector<int> in_node;
  int total = 0;

  Census(const Devices& devices)
      : in_pool(devices.pools.size()), in_node(static_cast<std::size_t>(devices.node_count)) {}
  Census(const Devices& devices, const std::vector<int>& members) : Census(devices) {
    for (const int member : members) add(devices.devices[static_cast<std::size_t>(member)], 1);
  }
  void add(const Device& device, int count) {
    in_pool[static_cast<std::size_t>(device.pool)] += count;
    in_node[static_cast<std::size_t>(device.node)] += count;
    total += count;
  }
  int of_pool(int pool) const { return in_pool[static_cast<std::size_t>(pool)]; }
  int of_node(int node) const { return in_node[static_cast<std::size_t>(node)]; }
};

}  // namespace sextant::dtfm
