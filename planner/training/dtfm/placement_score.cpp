#include "planner/training/dtfm/placement_score.h"

#include <algorithm>
#include <utility>

#include "planner/training/dtfm/matching.h"
#include "planner/training/dtfm/stage_order.h"

namespace sextant::dtfm {

namespace {

/// Of the member whose links to all others of its partition take longest, for one byte each.
double slowest_member_s(const Devices& devices, const Census& census,
                        const std::vector<int>& members) {
  std::vector<double> to_all(devices.pools.size(), 0);
  for (int p = 0; p < devices.pool_count(); ++p) {
    for (int q = 0; q < devices.pool_count(); ++q) {
      to_all[static_cast<std::size_t>(p)] += census.of_pool(q) * devices.between(p, q);
    }
  }
  double slowest = 0;
  for (const int member : members) {
    const Device& device = devices.devices[static_cast<std::size_t>(member)];
    const auto pool = static_cast<std::size_t>(device.pool);
    const double outside = devices.between(device.pool, device.pool);
    const int beside = census.of_node(device.node) - 1;
    slowest =
        std::max(slowest, to_all[pool] - outside + beside * (devices.inside_s[pool] - outside));
  }
  return slowest;
}

}  // namespace

Score score_of(const Devices& devices, const Volumes& volumes, const Placement& placement) {
  std::vector<Census> census;
  Score score;
  for (const std::vector<int>& members : placement) {
    census.emplace_back(devices, members);
    // A part of the gradients to each other member and back.
    const double part = 2 * volumes.gradient_bytes / static_cast<double>(members.size());
    score.gradients_s =
        std::max(score.gradients_s, part * slowest_member_s(devices, census.back(), members));
  }
  const auto count = static_cast<int>(placement.size());
  std::vector<double> lengths(placement.size() * placement.size(), 0);
  for (std::size_t a = 0; a < placement.size(); ++a) {
    for (std::size_t b = 0; b < placement.size(); ++b) {
      if (a == b) continue;
      lengths[a * placement.size() + b] =
          volumes.activation_bytes * bottleneck(devices, census[a], census[b]);
    }
  }
  StageOrder order = shortest_order(lengths, count);
  score.pipeline_s = order.length;
  score.stage_order = std::move(order.order);
  return score;
}

}  // namespace sextant::dtfm
