#pragma once

#include <cstddef>
#include <vector>

#include "analyzer/network/communication_op.h"
#include "analyzer/topology/group_mapping.h"
#include "analyzer/topology/simulation/simulated_network.h"

namespace sextant {

/// One dimension at work on one chunk.
struct ChunkVisit {
  std::size_t dimension = 0;
  double ns = 0;  ///< whole
};

/// A collective cut into chunks, each with its way through the dimensions.
struct ChunkedCollective {
  std::size_t chunks = 0;  ///< 0: nothing is sent
  std::size_t visits_per_chunk = 0;
  std::vector<ChunkVisit> visits;  ///< chunk by chunk, or one chunk's where all go the same way
  std::vector<double> sent_bytes;  ///< of one NPU and all chunks, by dimension

  const ChunkVisit* way_of(std::size_t chunk) const {
    return visits.data() + (visits.size() == visits_per_chunk ? 0 : chunk * visits_per_chunk);
  }
};

/// The collective of LayerPhase::bytes on a group. A chunk of an all-reduce is reduced and
/// scattered in all dimensions but the last on its way, all-reduced there and gathered on the way
/// back (ASTRA-sim's localBWAware); it shrinks and grows by each dimension's extent. All-gather
/// begins at the way's end. An all-to-all crosses every dimension at full size; so does a message,
/// whose slowest pair differs in all of them.
///
/// ChunkRoute::kBalanced is the greedy choice of Themis (Rashidi et al., ISCA'22): each chunk goes
/// first to the dimension that the chunks before it keep busy for the least time. In place of the
/// paper's threshold, it does so only where the busiest dimension is then done earlier than after
/// one more chunk in ascending order; so none gets more to do than the ascending order's busiest.
///
/// Throws Error(kBadInput) where a dimension's algorithm cannot run on the group.
ChunkedCollective chunk_collective(CommunicationOp op, double bytes, const GroupShape& group,
                                   const SimulatedNetwork& network, ChunkRoute route);

}  // namespace sextant
