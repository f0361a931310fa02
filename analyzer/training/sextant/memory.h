#pragma once

#include <string>
#include <vector>

#include "analyzer/training/estimator.h"

namespace sextant {

/// Which GPU's memory is asked for: any tensor-parallel rank of this stage replica, since all of
/// them hold alike. References must outlive the call.
struct StageMemoryInput {
  const TrainingProblem& problem;
  const Plan& plan;
  int pipeline = 0;
  int stage = 0;
  int replica = 0;
  int microbatches = 1;  ///< that this replica works through in an iteration
  /// Weight bytes of the token table on a rank, where the model's head uses the embedding's and
  /// the framework keeps one copy if both stand on one stage; 0 = not so, or not known.
  double tied_table_bytes = 0;
};

/// What the activations of one microbatch do in one virtual chunk of the stage, bytes.
struct ChunkMemory {
  /// There from the end of a forward to the end of its backward (of a split backward, of its weight
  /// gradient).
  double held_bytes = 0;
  /// Highest during a forward, over what was there when it began.
  double forward_peak_bytes = 0;
  /// Highest during a backward, over what was there when it began, which is with its held_bytes;
  /// also of a backward that leaves the weight gradient for later.
  double backward_peak_bytes = 0;
};

/// Memory of one GPU through an iteration. What is there at any time is static_bytes, held_bytes
/// of each (microbatch, chunk) in flight, and the peak of what is under way.
struct RankMemory {
  /// At the fullest moment; they add up to expected_bytes. What is zero is left out.
  std::vector<MemoryTerm> terms;
  double expected_bytes = 0;
  /// What it will not exceed: expected_bytes, Calibration::process_bytes_spread, and a share of all
  /// that comes and goes, which the allocator may hold in pieces that nothing fits (8 %).
  double bound_bytes = 0;
  double static_bytes = 0;  ///< weights, gradients, optimizer state, copies, process
  std::vector<ChunkMemory> chunks;
  double update_bytes = 0;  ///< highest over static_bytes during the optimizer's step
  std::string fullest;      ///< "backward of microbatch 0", "update": the moment the terms are of
};

/// State by the data type's formula or as measured, sharded by ZeRO (Rajbhandari et al. 2020);
/// activations by walking the stage's program (analyzer/plan/schedule.h). Throws Error(kBadInput)
/// where the profile has no memory at the replica's tensor degree, another number of layers than
/// the plan, or was measured with recomputation that the plan does not have.
RankMemory rank_memory(const StageMemoryInput& input);

}  // namespace sextant
