#include "planner/training/aceso/whole_layers.h"

namespace sextant::aceso_search {

Plan in_whole_layers(const TrainingProblem& problem, const GpuPool& pool,
                     const aceso::OperatorSequence& operators, const aceso::OperatorPlan& plan) {
  Plan out;
  out.model = problem.profile.model;
  out.layer_count = problem.profile.layer_count;
  out.global_batch = problem.job.global_batch;
  Pipeline& pipeline = out.pipelines.emplace_back();
  int first = 0;
  for (const aceso::OperatorStage& from : plan.stages) {
    const int end = operators.nearest_layer_cut(from.end);
    if (end == first) continue;
    if (pipeline.stages.empty()) out.microbatch = plan.stage_batch / from.dp;
    Stage& stage = pipeline.stages.emplace_back();
    stage.chunks = {{first, end}};
    stage.replicas.assign(static_cast<std::size_t>(from.dp),
                          Replica{{Machine{pool.gpu, pool.zone, -1, from.tp}}, from.tp, 0});
    first = end;
  }
  return out;
}

}  // namespace sextant::aceso_search
