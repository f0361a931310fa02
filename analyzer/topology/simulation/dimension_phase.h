#pragma once

#include "analyzer/network/communication_op.h"
#include "analyzer/topology/simulation/simulated_network.h"

namespace sextant {

/// What one dimension does with one chunk.
struct DimensionPhase {
  double ns = 0;          ///< whole
  double sent_bytes = 0;  ///< of one NPU
};

/// Reduce-scatter, all-gather, all-reduce or all-to-all of `bytes` (of the buffer that each NPU
/// gives) among `extent` NPUs of a dimension, or a message of `bytes` to the next of them. They lie
/// side by side, as if they were a block of their own, but on the dimension's links. Messages are
/// of whole bytes and take whole nanoseconds, as in ASTRA-sim's analytical back end:
///   message: hops * latency + bytes / bandwidth, and the endpoint's delay, which every phase pays
///     once more; hops are 2 through a switch, 1 in a fully connected block, the shorter way round
///     a ring. The links of a fully connected block lead to one NPU each.
///   ring: n - 1 messages of bytes / n (all-reduce twice as many); all-gather n - 1 of `bytes`.
///   halving and doubling: log2 n messages of bytes / 2, bytes / 4, …; all-gather bytes, 2 bytes,
///   …;
///     all-reduce there and back.
///   direct: n - 1 messages at once, which share the links of a ring or switch.
/// Throws Error(kBadInput) on halving and doubling of other than a power of two.
DimensionPhase dimension_phase(CommunicationOp op, const SimulatedNetwork::Dimension& dimension,
                               int extent, double bytes, double endpoint_delay_s);

}  // namespace sextant
