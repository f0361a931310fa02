#include "analyzer/training/aceso/cost_model.h"

#include <algorithm>

namespace sextant::aceso {

namespace {

constexpr double kUsPerMs = 1000;
/// Weights, gradients and two moments of the optimizer, all fp32.
constexpr double kStateFactor = 4;

}  // namespace

OperatorStageCost CostModel::stage_cost(const OperatorTable& table, const OperatorStage& stage,
                                        int behind, int gpus_before) const {
  const OperatorCosts& first = table[stage.first];
  const OperatorCosts& last = table[stage.end - 1];
  const int gpus_after = gpus_before + stage.gpus();
  // Charged at both ends of the pipeline too, where nothing is sent.
  const TransferTable& into = gpus_before > 0 && gpus_before % gpus_per_node_ == 0
                                  ? tables_.between_nodes
                                  : tables_.inside_node;
  const TransferTable& out_of =
      gpus_after % gpus_per_node_ == 0 ? tables_.between_nodes : tables_.inside_node;
  OperatorStageCost cost;
  cost.compute_ms = table.compute_us(stage.first, stage.end) / kUsPerMs;
  cost.transfer_ms =
      (into.transfer_us(first.input_mb) + out_of.transfer_us(last.output_mb)) / kUsPerMs;
  const double kept_mb = first.input_mb + table.counted_activations_mb(stage.first, stage.end);
  cost.memory_mb = table.weights_mb(stage.first, stage.end) * kStateFactor +
                   kept_mb * (behind + 1) + table.reserved_mb(stage.first, stage.end);
  return cost;
}

std::vector<OperatorStageCost> CostModel::stage_costs(const OperatorPlan& plan) const {
  std::vector<OperatorStageCost> costs;
  int gpus = 0;
  for (const OperatorStage& stage : plan.stages) {
    const OperatorTable& table = tables_.at(plan.stage_batch / stage.dp, stage.tp);
    const int behind = static_cast<int>(plan.stages.size() - costs.size()) - 1;
    costs.push_back(stage_cost(table, stage, behind, gpus));
    gpus += stage.gpus();
  }
  return costs;
}

double iteration_ms(const std::vector<OperatorStageCost>& stages, int global_batch,
                    int stage_batch) {
  double slowest = 0;
  double pass = 0;
  for (const OperatorStageCost& stage : stages) {
    slowest = std::max(slowest, stage.time_ms());
    pass += stage.time_ms();
  }
  const double rounds = static_cast<double>(global_batch) / stage_batch;
  return slowest * std::max(rounds - 1, 0.0) + pass;
}

}  // namespace sextant::aceso
