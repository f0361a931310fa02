#pragma once

#include <string>
#include <vector>

#include "analyzer/topology/simulation/step_simulation.h"

namespace sextant {

/// Of ASTRA-sim's computation in the evaluation of LIBRA's artifact (SC'22).
inline constexpr double kEvaluationComputeScale = 0.26;

/// The network of a run of the evaluation: `name` is that of its file, whose dimensions are
/// switches, or a ring and a switch. ASTRA-sim's GB are 2^30 bytes.
inline SimulatedNetwork evaluation_network(const std::string& name, const std::vector<double>& npus,
                                           const std::vector<double>& links,
                                           const std::vector<double>& link_gib_per_s) {
  SimulatedNetwork network;
  for (std::size_t d = 0; d < npus.size(); ++d) {
    const bool ring = name == "2d.json" && d == 0;
    network.dimensions.push_back(
        {static_cast<int>(npus[d]), ring ? BuildingBlock::kRing : BuildingBlock::kSwitch,
         ring ? DimensionAlgorithm::kRing : DimensionAlgorithm::kHalvingDoubling,
         static_cast<int>(links[d]), link_gib_per_s[d] * 0x1p30});
  }
  return network;
}

/// The groups of a workload of the evaluation on those dimensions.
inline std::vector<GroupShape> evaluation_shapes(const Workload& workload,
                                                 const SimulatedNetwork& network) {
  Topology topology;
  for (const SimulatedNetwork::Dimension& dimension : network.dimensions) {
    topology.dimensions.push_back({dimension.npus, dimension.block, "any"});
  }
  const int model_npus = workload.groups[kModelGroup].npus;
  return map_from_both_ends(topology, model_npus, topology.npus() / model_npus);
}

}  // namespace sextant
