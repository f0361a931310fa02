#include "planner/training/dtfm/devices.h"

#include <algorithm>
#include <optional>

namespace sextant::dtfm {

namespace {

double seconds_a_byte(const LinkModel& link) {
  return 1 / link.peak_bytes_per_s();
}

}  // namespace

Devices devices_of(const Cluster& cluster) {
  Devices out;
  for (const GpuPool& pool : cluster.pools) {
    if (pool.count < 1) continue;
    const auto index = static_cast<int>(out.pools.size());
    for (int i = 0; i < pool.count; ++i) {
      out.devices.push_back({index, out.node_count + i / pool.gpus_per_node});
    }
    out.node_count += pool.node_count();
    out.pools.push_back(pool);
  }
  const Network& network = *cluster.network;
  for (const GpuPool& from : out.pools) {
    for (const GpuPool& to : out.pools) {
      const LinkEnd a = {from.zone, from.gpu, 1};
      const LinkEnd b = {to.zone, to.gpu, 1};
      out.between_s.push_back(seconds_a_byte(network.between(a, b)));
    }
    const std::optional<LinkModel> inside = network.inside_node(from.gpu, 2);
    const LinkEnd end = {from.zone, from.gpu, 1};
    const double outside_s = seconds_a_byte(network.between(end, end));
    // Where a node's own link is the slower one, its GPUs do not have to take it.
    out.inside_s.push_back(inside ? std::min(seconds_a_byte(*inside), outside_s) : outside_s);
  }
  return out;
}

}  // namespace sextant::dtfm
