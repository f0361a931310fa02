#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/network/communication_op.h"

namespace sextant {

/// The three computations of a layer in a training step, each followed by its communication.
enum class TrainingPhase { kForward, kInputGradient, kWeightGradient };
inline constexpr std::size_t kTrainingPhases = 3;

/// What a layer does in one phase.
struct LayerPhase {
  double compute_s = 0;
  /// kAllReduce, kAllGather, kReduceScatter, kAllToAll or kSendRecv; nothing = it only computes.
  std::optional<CommunicationOp> op = {};
  /// Of the buffer that each NPU gives: the whole tensor of an all-reduce, reduce-scatter,
  /// all-to-all or message, the NPU's own shard of an all-gather (ASTRA-sim's convention).
  double bytes = 0;
  std::size_t group = 0;  ///< of Workload::groups
};

struct WorkloadLayer {
  std::string name;
  std::array<LayerPhase, kTrainingPhases> phases = {};  ///< by TrainingPhase

  const LayerPhase& at(TrainingPhase phase) const {
    return phases[static_cast<std::size_t>(phase)];
  }
};

/// NPUs that communicate with each other: those of one tensor-parallel group, say.
struct ParallelGroup {
  std::string name;  ///< "model", "data", "tensor", "expert", "pipeline"
  int npus = 0;      ///< 0: the workload does not say
};

/// The groups of a workload that was read from a file, which knows two.
inline constexpr std::size_t kModelGroup = 0;
inline constexpr std::size_t kDataGroup = 1;

/// One training step as every NPU sees it: layers forward in this order, backward in the reverse.
struct Workload {
  std::string name;
  std::vector<ParallelGroup> groups;
  std::vector<WorkloadLayer> layers;
  /// Activation recomputation, for the simulator: before the backward pass of layer initiates[i],
  /// the layers from checkpoints[i] up to it (without itself) run forward again. Empty: none.
  std::vector<int> checkpoints = {};
  std::vector<int> checkpoint_initiates = {};
};

}  // namespace sextant
