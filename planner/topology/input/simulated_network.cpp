#include "planner/topology/input/simulated_network.h"

#include <bit>

namespace sextant {

SimulatedNetwork simulated_network(const NetworkFile& network,
                                   std::span<const double> bandwidth_bytes_per_s) {
  SimulatedNetwork out;
  for (std::size_t d = 0; d < bandwidth_bytes_per_s.size(); ++d) {
    const auto& [npus, block, tier] = network.topology.dimensions[d];
    SimulatedNetwork::Dimension& dimension = out.dimensions.emplace_back();
    dimension.npus = npus;
    dimension.block = block;
    switch (block) {
      case BuildingBlock::kRing:
        dimension.algorithm = DimensionAlgorithm::kRing;
        dimension.links = 2;
        break;
      case BuildingBlock::kFullyConnected:
        dimension.algorithm = DimensionAlgorithm::kDirect;
        dimension.links = npus - 1;
        break;
      case BuildingBlock::kSwitch:
        dimension.algorithm = std::has_single_bit(static_cast<unsigned>(npus))
                                  ? DimensionAlgorithm::kHalvingDoubling
                                  : DimensionAlgorithm::kRing;
        break;
    }
    dimension.link_bytes_per_s = bandwidth_bytes_per_s[d] / dimension.links;
    if (!network.latency_s.empty()) dimension.link_latency_s = network.latency_s[d];
  }
  return out;
}

}  // namespace sextant
