#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "analyzer/core/json_document.h"

namespace sextant {

/// What moves bytes between ranks, or, the last three, between memories of one.
enum class CommunicationOp {
  kSendRecv,
  kAllReduce,
  kAllGather,
  kReduceScatter,
  kAllToAll,
  kBroadcast,
  kCopyDeviceToDevice,
  kCopyHostToDevice,
  kCopyDeviceToHost,
};
inline constexpr std::array<std::string_view, 9> kCommunicationOpNames = {
    "send_recv", "all_reduce", "all_gather", "reduce_scatter", "all_to_all",
    "broadcast", "copy_d2d",   "copy_h2d",   "copy_d2h"};

constexpr std::string_view to_string(CommunicationOp op) {
  return kCommunicationOpNames[static_cast<std::size_t>(op)];
}
/// Throws Error(kUsage) with the nearest name on another one.
CommunicationOp communication_op_from(std::string_view name);
/// The same of a document's member; throws Error(kBadInput) with the place.
CommunicationOp read_communication_op(const JsonNode& node);

/// Whether all ranks of a world take part, and not two of them or one.
bool is_collective(CommunicationOp op);
/// Whether it adds up what the ranks give.
bool is_reduction(CommunicationOp op);

/// Bus bandwidth over algorithm bandwidth, as nccl-tests defines them (its PERFORMANCE.md): what
/// makes the figure of a collective comparable with a link's peak, whatever the number of ranks.
/// all_reduce 2 (n - 1) / n; all_gather, reduce_scatter and all_to_all (n - 1) / n; others 1.
double bus_factor(CommunicationOp op, int world_size);

}  // namespace sextant
