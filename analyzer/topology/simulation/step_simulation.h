#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "analyzer/topology/group_mapping.h"
#include "analyzer/topology/topology.h"
#include "analyzer/topology/workload.h"

namespace sextant {

/// How a dimension does its part of a collective.
enum class DimensionAlgorithm { kRing, kDirect, kHalvingDoubling };
inline constexpr std::array<std::string_view, 3> kDimensionAlgorithmNames = {"ring", "direct",
                                                                             "halvingDoubling"};

/// Which of several waiting collectives gets to send its next chunk.
enum class CollectiveOrder { kFifo, kLifo };
inline constexpr std::array<std::string_view, 2> kCollectiveOrderNames = {"FIFO", "LIFO"};

/// In which order the chunks of an all-reduce walk through the dimensions.
enum class ChunkRoute {
  kAscending,  ///< all from the innermost to the outermost
  /// Each first into the dimension with the least load so far, so that all are busy for equally
  /// long (Themis, ISCA'22).
  kBalanced,
};
inline constexpr std::array<std::string_view, 2> kChunkRouteNames = {"ascending", "themis"};

/// A network as the simulator sees it.
struct SimulatedNetwork {
  struct Dimension {
    int npus = 0;
    BuildingBlock block = BuildingBlock::kSwitch;
    DimensionAlgorithm algorithm = DimensionAlgorithm::kHalvingDoubling;
    int links = 1;                ///< of an NPU
    double link_bytes_per_s = 0;  ///< of each
    double link_latency_s = 1e-9;
  };
  std::vector<Dimension> dimensions;
  int chunks = 64;  ///< of a collective
  double endpoint_delay_s = 1e-9;
  CollectiveOrder order = CollectiveOrder::kLifo;
  ChunkRoute route = ChunkRoute::kAscending;
};

/// What a simulated training step took.
struct SimulatedStep {
  double step_s = 0;
  double compute_s = 0;
  double exposed_s = 0;             ///< communication during which nothing was computed
  std::vector<double> sent_bytes;   ///< of one NPU, by dimension
  std::vector<double> utilisation;  ///< by dimension: sent_bytes over what its links could have
                                    ///< sent while any collective was under way
};

/// One training step, chunk by chunk, as ASTRA-sim's analytical back end (tag tutorial-isca2022)
/// sees it. Groups lie as `shapes` say (checked before). Throws Error(kBadInput) where a
/// dimension's algorithm cannot run on a group (halving and doubling on other than a power of two).
SimulatedStep simulate_step(const Workload& workload, const std::vector<GroupShape>& shapes,
                            const SimulatedNetwork& network, double compute_scale = 1);

}  // namespace sextant
