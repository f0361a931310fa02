#pragma once

// Galvatron's model of time and memory (Miao et al., VLDB 2023, as in the code published with
// Sailor); private to the tool. Its estimator and its planner share it.

#include <vector>

#include "analyzer/training/galvatron/tables.h"

namespace sextant::galvatron {

/// How the blocks of a stage are spread over its GPUs.
struct Strategy {
  int pp = 1;
  int tp = 1;
  int dp = 1;
  /// Whether tensor-parallel groups are of neighbouring GPUs, and so the data-parallel ones are
  /// not. Says nothing unless both degrees exceed 1.
  bool consecutive = true;
  bool operator==(const Strategy&) const = default;
};

/// `samples` cut into `wanted` microbatches of one size, the last perhaps smaller, as torch.chunk
/// does: there may be fewer than wanted. Counts start from 1.
struct Chunks {
  Chunks(int samples, int wanted);
  /// The part of all samples that the first `microbatches` hold.
  double share_of_first(int microbatches) const;

  int samples = 0;
  int size = 1;
  int count = 1;
};

/// Blocks of each stage: equally many, the rest to the last (blocks >= stages).
std::vector<int> blocks_of_stages(int blocks, int stages);

/// Seconds of one block for a microbatch of `samples` sequences in all replicas together, forward
/// and backward.
double block_s(const Tables& tables, const Strategy& strategy, double samples, bool with_gradients);

/// Seconds to hand activations from a block of one strategy to one of another in the same stage.
double resharding_s(const Tables& tables, const Strategy& from, const Strategy& to, double samples);

/// MB that one GPU needs for a block of stage `stage` when an iteration of `samples` sequences in
/// all replicas together is cut into `wanted` microbatches. Throws Error(kBadInput) where the
/// tables have no such tensor degree.
double block_mb(const Tables& tables, const Strategy& strategy, int stage, int samples, int wanted);

/// MB of what stage `stage` of `pp` holds beside its blocks, with the framework's own; `gpus` of
/// them a stage.
double other_mb(const Tables& tables, int pp, int stage, int gpus, int samples, int wanted);

/// Time of a microbatch in each stage.
struct StageTimes {
  std::vector<double> compute_s;  ///< without the synchronisation of gradients
  std::vector<double> total_s;
};
struct PipelineTime {
  double pipeline_s = 0;
  double sync_s = 0;  ///< of gradients, not hidden behind other stages
  int slowest_stage = 0;
  double iteration_s() const { return pipeline_s + sync_s; }
};
PipelineTime pipeline_time(const StageTimes& stages, int microbatches);

}  // namespace sextant::galvatron
