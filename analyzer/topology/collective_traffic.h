#pragma once

#include <vector>

#include "analyzer/network/communication_op.h"
#include "analyzer/topology/group_mapping.h"

namespace sextant {

/// Bytes that each NPU sends into each dimension for one collective, as a common weight in bytes
/// times a share for each dimension. Chunks are pipelined through the dimensions, so that a long
/// collective takes weight * max_d(share_d / bandwidth_d) (LIBRA, ISPASS'24, section III).
struct CollectiveTraffic {
  double weight_bytes = 0;
  std::vector<double> shares;  ///< by dimension; 0 where the group does not reach
};

/// The traffic of a collective whose buffer is `bytes` (LayerPhase::bytes) on a group with extents
/// s_0 … s_k, P_i their running product, P the last:
/// all-reduce 2 S, reduce-scatter S, all-gather S P times (s_i - 1) / P_i, since a dimension passes
/// on only what it has reduced; all-to-all S times (s_i - 1) / s_i; a message to the next NPU S
/// times 1 in every dimension of the group, the worst of which bounds the slowest pair.
/// Throws Error(kInternal) on another operation.
CollectiveTraffic collective_traffic(CommunicationOp op, double bytes, const GroupShape& group);

}  // namespace sextant
