#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "analyzer/network/communication_op.h"

namespace sextant {

// ASTRA-sim's text form of a workload: one line a layer, columns separated by blanks. Times are
// cycles at 1 GHz.

inline constexpr std::array<std::string_view, 12> kWorkloadColumns = {
    "name",         "dependency", "fwd_compute", "fwd_comm_type", "fwd_bytes", "ig_compute",
    "ig_comm_type", "ig_bytes",   "wg_compute",  "wg_comm_type",  "wg_bytes",  "wg_update_time"};
inline constexpr std::size_t kNameColumn = 0;
inline constexpr std::size_t kDependencyColumn = 1;  ///< of another layer; nobody uses it
inline constexpr std::size_t kPhaseColumns = 2;      ///< where the phases begin, in their order
inline constexpr std::size_t kColumnsOfPhase = 3;
inline constexpr std::size_t kUpdateColumn = 11;  ///< not part of LIBRA's step

inline constexpr double kWorkloadTicksPerS = 1e9;

inline constexpr std::string_view kNoCommunication = "NONE";
struct WorkloadOp {
  std::string_view name;
  CommunicationOp op;
};
inline constexpr std::array<WorkloadOp, 4> kWorkloadOps = {{
    {"ALLREDUCE", CommunicationOp::kAllReduce},
    {"ALLGATHER", CommunicationOp::kAllGather},
    {"REDUCESCATTER", CommunicationOp::kReduceScatter},
    {"ALLTOALL", CommunicationOp::kAllToAll},
}};

/// The first word of a header: what runs in parallel to what.
inline constexpr std::string_view kHybridLoop = "HYBRID_TRANSFORMER";
inline constexpr std::string_view kRecomputingLoop = "HYBRID_TRANSFORMER_FWD_IN_BCKWD";
/// Data parallelism alone.
inline constexpr std::array<std::string_view, 2> kDataLoops = {"DATA", "MICRO"};

inline constexpr std::string_view kModelGroupOption = "model_parallel_NPU_group:";
inline constexpr std::string_view kCheckpointsOption = "checkpoints:";
inline constexpr std::string_view kInitiatesOption = "checkpoint_initiates:";

}  // namespace sextant
