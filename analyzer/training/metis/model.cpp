#include "analyzer/training/metis/model.h"

#include <algorithm>
#include <limits>

namespace sextant::metis {

namespace {

constexpr double kMillisecondsPerSecond = 1e3;
constexpr double kBytesPerMib = 1024.0 * 1024.0;
/// The published code's factor on the profiled optimizer step.
constexpr double kOptimizerFactor = 2;

std::size_t index(int i) {
  return static_cast<std::size_t>(i);
}

}  // namespace

CostModel::CostModel(const TrainingProblem& problem, Tables& tables, Links& links)
    : tables_(tables), links_(links) {
  // Messages are not sharded. A profile may begin at another degree.
  const auto least = problem.profile.memory.begin();
  const std::vector<LayerMemory>& memory =
      problem.profile.memory_at(least == problem.profile.memory.end() ? 1 : least->first);
  for (const LayerMemory& layer : memory) {
    output_elements_.push_back(layer.output_bytes / element_bytes(problem.job.dtype));
  }
}

double CostModel::compute_ms(const StageShape& stage) {
  double slowest = 0;
  for (const int gpu : stage.gpus) {
    slowest = std::max(slowest, tables_.at(gpu, stage.microbatch, stage.tp)
                                    .compute_ms.of(stage.first_layer, stage.end_layer));
  }
  return slowest;
}

double CostModel::memory_bytes(const StageShape& stage) {
  return tables_.at(stage.gpus.front(), stage.microbatch, stage.tp)
             .memory_mib.of(stage.first_layer, stage.end_layer) *
         kBytesPerMib;
}

double CostModel::sync_bandwidth(const StageShape& stage, const std::vector<Rank>& ranks) {
  double least = std::numeric_limits<double>::infinity();
  for (int d = 0; d < stage.dp; ++d) {
    least = std::min(least, links_.of_group(ranks, stage.first_rank + d, stage.tp, stage.dp));
  }
  return least;
}

StageCost CostModel::stage_cost(const StageShape& stage, const StageShape* next,
                                const std::vector<Rank>& ranks) {
  const Reference& reference = tables_.reference();
  StageCost cost;
  cost.compute_ms = compute_ms(stage);
  cost.optimizer_ms = reference.optimizer_ms * kOptimizerFactor / stage.tp *
                      (stage.end_layer - stage.first_layer) / tables_.layer_count();
  if (stage.dp > 1) {
    const double bytes =
        reference.parameter_bytes.of(stage.first_layer, stage.end_layer) / stage.tp;
    cost.sync_ms = 2.0 * (stage.dp - 1) / stage.dp * bytes / sync_bandwidth(stage, ranks) *
                   kMillisecondsPerSecond;
  }
  if (next != nullptr) {
    const double elements = output_elements_[index(stage.end_layer - 1)] * stage.microbatch;
    const double bandwidth =
        links_.of_group(ranks, stage.first_rank, stage.rank_count() + next->rank_count());
    cost.transfer_ms = elements / bandwidth * kMillisecondsPerSecond;
  }
  return cost;
}

PlanCost CostModel::cost(const std::vector<StageShape>& stages, int batches,
                         const std::vector<Rank>& ranks) {
  PlanCost total;
  double slowest = 0;
  for (std::size_t s = 0; s < stages.size(); ++s) {
    const StageCost stage =
        stage_cost(stages[s], s + 1 < stages.size() ? &stages[s + 1] : nullptr, ranks);
    slowest = std::max(slowest, stage.compute_ms);
    total.fill_ms += stage.compute_ms + stage.transfer_ms;
    total.optimizer_ms = std::max(total.optimizer_ms, stage.optimizer_ms);
    total.sync_ms = std::max(total.sync_ms, stage.sync_ms);
  }
  total.steady_ms = (batches - 1) * slowest;
  const StageShape& last = stages.back();
  total.fb_sync_ms =
      std::max(0.0, batches * tables_.at(last.gpus.back(), last.microbatch, last.tp).fb_sync_ms);
  return total;
}

}  // namespace sextant::metis
