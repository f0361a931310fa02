#pragma once

// What the estimator and the planner share.

#include <string>
#include <vector>

#include "analyzer/plan/plan.h"
#include "analyzer/training/estimator.h"
#include "analyzer/training/varuna/layer_table.h"

namespace sextant::varuna {

/// A grid of one GPU type in one zone.
struct Grid {
  std::vector<LayerRange> stages;
  int dp = 1;
  int tp = 1;  ///< of the table; the model knows no other
  int microbatch = 1;
  int global_batch = 0;
  std::string gpu;
  std::string zone;
  /// Neighbours i, i + 1 count as one machine where i / gpus_per_node is the same, whatever tp.
  int gpus_per_node = 1;

  /// Of a pipeline: ceil(floor(B / D) / m); 0 where there are fewer sequences than pipelines.
  int microbatches() const { return (global_batch / dp + microbatch - 1) / microbatch; }
};

/// Seconds.
struct GridTimes {
  double pipeline_s = 0;
  double sync_s = 0;
  std::vector<double> compute_s;   ///< by stage, one microbatch
  std::vector<double> transfer_s;  ///< by stage, without jitter
  double iteration_s() const { return pipeline_s + sync_s; }
};

/// Time of an iteration: the simulated pipeline, then an all-reduce. Throws
/// Error(kBadInput) where the simulation would be too long, or where the network gives no time.
GridTimes grid_times(const TrainingProblem& problem, const LayerTable& table, const Grid& grid);

/// Bytes of each GPU of a stage: the layers' own peaks of one microbatch, whose outputs count once.
double stage_memory_bytes(const std::vector<LayerFigures>& layers, const LayerRange& stage, int tp);

}  // namespace sextant::varuna
