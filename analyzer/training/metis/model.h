#pragma once

// Metis's cost of a plan (Um et al., USENIX ATC'24, as Sailor's artifact runs it); private to
// metis/ here and in planner/training.
//
//   iteration = (b - 1) max_i c_i + sum_i c_i + b fb_sync + max_i u_i + max_i s_i + sum_i a_i
//     b    microbatches of the iteration, one number for all stages
//     c_i  stage i: the profiled layers at its own microbatch size m_i = B / D_i / b and degree
//     T_i;
//          of unlike GPUs the slowest replica
//     fb_sync  what the last stage's profiled iteration took beside its layers
//     u_i  optimizer step: 2 / T_i of the reference profile's, by the stage's share of the layers
//     s_i  gradients: 2 (D_i - 1) / D_i of the stage's weights / T_i, over the slowest of the links
//          of the D_i groups of T_i ranks, D_i ranks apart, that the published code takes for the
//          data-parallel groups (with T_i = 1 each is one GPU, and has the link inside a node)
//     a_i  activations to the next stage, once and forward only; m_i S H elements, not bytes
//
// Collectives of tensor parallelism are in the profiled times. Input of batches costs nothing.

#include <vector>

#include "analyzer/training/metis/links.h"
#include "analyzer/training/metis/tables.h"

namespace sextant::metis {

struct StageShape {
  int first_layer = 0;
  int end_layer = 0;
  int dp = 1;
  int tp = 1;
  int microbatch = 1;
  int first_rank = 0;
  /// What its replicas run on, each type once.
  std::vector<int> gpus;

  int rank_count() const { return dp * tp; }
};

struct StageCost {
  double compute_ms = 0;
  double optimizer_ms = 0;
  double sync_ms = 0;
  double transfer_ms = 0;  ///< to the next stage
};

struct PlanCost {
  double steady_ms = 0;  ///< (b - 1) max_i c_i
  double fill_ms = 0;    ///< sum_i c_i + sum_i a_i
  double fb_sync_ms = 0;
  double optimizer_ms = 0;
  double sync_ms = 0;
  double total_ms() const { return steady_ms + fill_ms + fb_sync_ms + optimizer_ms + sync_ms; }
};

/// Of one thread. References must outlive it.
class CostModel {
 public:
  CostModel(const TrainingProblem& problem, Tables& tables, Links& links);

  /// Throws Error(kBadInput) where a point or a link is missing.
  PlanCost cost(const std::vector<StageShape>& stages, int batches, const std::vector<Rank>& ranks);
  /// The same of its stages.
  StageCost stage_cost(const StageShape& stage, const StageShape* next,
                       const std::vector<Rank>& ranks);
  /// Forward and backward of one microbatch, slowest type.
  double compute_ms(const StageShape& stage);
  /// State and one microbatch's activations on one GPU of the stage: the model of memory of the
  /// published validation.
  double memory_bytes(const StageShape& stage);

 private:
  double sync_bandwidth(const StageShape& stage, const std::vector<Rank>& ranks);

  Tables& tables_;
  Links& links_;
  std::vector<double> output_elements_;  ///< by layer, of one sequence
};

}  // namespace sextant::metis
