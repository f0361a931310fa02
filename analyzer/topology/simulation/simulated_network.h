#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <vector>

#include "analyzer/topology/topology.h"

namespace sextant {

/// How a dimension does its part of a collective. All-to-all is always direct.
enum class DimensionAlgorithm { kRing, kDirect, kHalvingDoubling };
inline constexpr std::array<std::string_view, 3> kDimensionAlgorithmNames = {"ring", "direct",
                                                                             "halvingDoubling"};
constexpr std::string_view to_string(DimensionAlgorithm algorithm) {
  return kDimensionAlgorithmNames[static_cast<std::size_t>(algorithm)];
}

/// Which of several waiting collectives gets to send its next chunk.
enum class CollectiveOrder { kFifo, kLifo };
inline constexpr std::array<std::string_view, 2> kCollectiveOrderNames = {"FIFO", "LIFO"};

/// In which order the chunks of an all-reduce, reduce-scatter or all-gather walk through the
/// dimensions.
enum class ChunkRoute {
  kAscending,  ///< all reduce from the innermost to the outermost and gather back
  kBalanced,   ///< each its own way, which keeps all dimensions busy for equally long (Themis)
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

    double bytes_per_s() const { return links * link_bytes_per_s; }
  };
  std::vector<Dimension> dimensions;
  int chunks = 64;  ///< of a collective
  double endpoint_delay_s = 1e-9;
  CollectiveOrder order = CollectiveOrder::kLifo;
  ChunkRoute route = ChunkRoute::kAscending;
};

inline constexpr int kMostChunks = 1 << 16;
/// What takes longer (30 years) is refused: sums of such times neither overflow nor stop growing.
inline constexpr double kMostSimulatedNs = 1e18;

/// Throws Error(kBadInput), naming the dimension, on one without NPUs, links or bandwidth, on a
/// negative delay, and on a number of chunks outside 1 … kMostChunks.
void check(const SimulatedNetwork& network);

}  // namespace sextant
