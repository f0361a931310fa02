#pragma once

#include <vector>

#include "analyzer/training/aceso/tables.h"

namespace sextant::aceso {

/// Operators [first, end) on `dp` replicas of `tp` GPUs each.
struct OperatorStage {
  int first = 0;
  int end = 0;
  int tp = 1;
  int dp = 1;
  int gpus() const { return tp * dp; }
  bool operator==(const OperatorStage&) const = default;
};

/// A plan as Aceso has it: stages of operators.
struct OperatorPlan {
  /// Sequences that a stage works on at a time, all its replicas together.
  int stage_batch = 0;
  std::vector<OperatorStage> stages;
};

struct OperatorStageCost {
  double compute_ms = 0;   ///< forward and backward of one stage batch
  double transfer_ms = 0;  ///< receiving its input and sending its output
  double memory_mb = 0;
  double time_ms() const { return compute_ms + transfer_ms; }
};

/// Aceso's model of cost (Liu et al., EuroSys 2024) as its published code has it for stages of one
/// tensor degree. It knows neither the synchronisation of data parallel replicas nor the
/// optimizer's step.
class CostModel {
 public:
  CostModel(const Tables& tables, int gpus_per_node)
      : tables_(tables), gpus_per_node_(gpus_per_node) {}

  /// The operators of a stage at the stage batch. Null where a replica's part of it has no table.
  const OperatorTable* table(const OperatorStage& stage, int stage_batch) const {
    if (stage_batch < stage.dp) return nullptr;
    return tables_.find(stage_batch / stage.dp, stage.tp);
  }
  /// `behind` stages come after it, `gpus_before` GPUs work in those before it.
  OperatorStageCost stage_cost(const OperatorTable& table, const OperatorStage& stage, int behind,
                               int gpus_before) const;
  /// Of every stage. Throws Error(kBadInput) where one has no table.
  std::vector<OperatorStageCost> stage_costs(const OperatorPlan& plan) const;

 private:
  const Tables& tables_;
  int gpus_per_node_;
};

/// Milliseconds an iteration takes: the slowest stage for all batches but one, and one pass.
double iteration_ms(const std::vector<OperatorStageCost>& stages, int global_batch,
                    int stage_batch);

}  // namespace sextant::aceso
