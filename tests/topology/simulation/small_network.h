#pragma once

#include <optional>
#include <vector>

#include "analyzer/topology/simulation/step_simulation.h"

namespace sextant {

/// Switches of halving and doubling with one link each and no delays; bandwidths in bytes/ns.
inline SimulatedNetwork switches(const std::vector<int>& npus,
                                 const std::vector<double>& bytes_per_ns, int chunks) {
  SimulatedNetwork network;
  network.chunks = chunks;
  network.endpoint_delay_s = 0;
  for (std::size_t d = 0; d < npus.size(); ++d) {
    network.dimensions.push_back({npus[d], BuildingBlock::kSwitch,
                                  DimensionAlgorithm::kHalvingDoubling, 1, bytes_per_ns[d] * 1e9,
                                  0});
  }
  return network;
}

/// One layer that does nothing but one collective, in its forward pass, of all NPUs.
inline SimulatedStep simulate_one(CommunicationOp op, double bytes, const GroupShape& group,
                                  const SimulatedNetwork& network) {
  Workload workload;
  workload.groups = {{"all", 0}};
  workload.layers.emplace_back().phases[0] = {0, op, bytes, 0};
  return simulate_step(workload, {group}, network);
}

/// What such a step takes beside the collective: 10 ns to begin it, 1 ns for each of three phases.
inline constexpr double kOneCollectiveNs = 13;

}  // namespace sextant
